import { createClient } from '@redis/client'
import test, { type ExecutionContext } from 'ava'
import { RedisBackplane, type RedisParts } from '../../../kernel/backplane/redis-backplane.ts'
import { createLogger } from '../../../kernel/log/create-logger.ts'
import { freePort, RedisServer, redisTest } from './redis-server.ts'
import { until } from './until.ts'

const withRedis = redisTest(test)

interface Line {
  readonly msg: string
  readonly dropped?: number
  readonly reason?: string
}

/** A backplane as one instance has it, with what it has heard and logged. */
class Instance implements AsyncDisposable {
  readonly backplane: RedisBackplane
  readonly topics: string[] = []
  readonly lines: Line[] = []

  constructor(url: string, over: Partial<RedisParts> & { readonly installation?: string } = {}) {
    const { log } = createLogger(
      { LOG_LEVEL: 'info', LOG_FORMAT: 'json', LOG_REQUESTS: 'errors' },
      { write: line => void this.lines.push(JSON.parse(line)), flush: () => undefined, close: () => undefined },
    )
    const timing = { firstRetryMs: 10, lastRetryMs: 50, settleMs: 1_000, closeMs: 10_000, ...over.timing }
    this.backplane = new RedisBackplane({ url, prefix: 'test', log, ...over, timing })
    this.backplane.listen(announcement => {
      if (announcement.kind === 'wake') this.topics.push(announcement.topic)
    })
    this.backplane.open(over.installation ?? 'one')
  }

  say(topic: string): void {
    this.backplane.announce({ kind: 'wake', tenantId: 'a', plugin: 'test', topic })
  }

  reached(): Promise<void> {
    return until(() => this.backplane.fault === undefined)
  }

  gone(): Promise<void> {
    return until(() => this.backplane.fault !== undefined)
  }

  /** Waits until it has heard this. */
  hears(topic: string): Promise<void> {
    return until(() => this.topics.includes(topic))
  }

  said(msg: RegExp): Line[] {
    return this.lines.filter(line => msg.test(line.msg))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.backplane.close()
  }
}

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, n) => String(from + n))

/** What was heard of some topics, in the order in which it came, each once. */
const heardOf = ({ topics }: Instance, some: readonly string[]): string[] => [
  ...new Set(topics.filter(topic => some.includes(topic))),
]

withRedis('each instance hears its own announcements once, and those of others in their order', async t => {
  await using redis = await RedisServer.start()
  await using one = new Instance(redis.url)
  await using two = new Instance(redis.url)
  await Promise.all([one.reached(), two.reached()])
  const all = numbers(0, 3_000)
  for (const topic of all) one.say(topic)
  two.say('back')
  await Promise.all([two.hears('2999'), one.hears('back')])
  t.deepEqual(
    two.topics.filter(topic => topic !== 'back'),
    all,
  )
  t.deepEqual(
    one.topics.filter(topic => topic !== 'back'),
    all,
  )
  t.is(one.topics.filter(topic => topic === 'back').length, 1)
  await until(() => one.backplane.counts.sent === 3_000)
  t.deepEqual(one.backplane.counts, { sent: 3_000, heard: 1, dropped: 0, refused: 0 })
})

withRedis('two installations that share a Redis do not hear each other', async t => {
  await using redis = await RedisServer.start()
  await using one = new Instance(redis.url)
  await using twin = new Instance(redis.url)
  await using other = new Instance(redis.url, { installation: 'two' })
  await using named = new Instance(redis.url, { prefix: 'other' })
  await Promise.all([one, twin, other, named].map(instance => instance.reached()))
  one.say('x')
  await twin.hears('x')
  t.deepEqual([...other.topics, ...named.topics], [])
})

withRedis('a Redis that comes later gets what was announced before', async t => {
  const port = await freePort()
  await using one = new Instance(`redis://127.0.0.1:${port}`)
  await using two = new Instance(`redis://127.0.0.1:${port}`)
  for (const topic of numbers(0, 50)) one.say(topic)
  await one.hears('49')
  t.deepEqual(two.topics, [])
  await until(() => one.said(/out of reach/).length > 0)
  t.regex(String(one.backplane.fault), /^Redis is out of reach: connect ECONNREFUSED/)
  await using _redis = await RedisServer.start({ port })
  await two.hears('49')
  t.deepEqual(two.topics, numbers(0, 50))
  t.is(one.said(/out of reach/).length, 1)
  t.is(one.said(/^Redis is back/).length, 1)
})

withRedis('what is announced while Redis is gone arrives when it is back, in order', async t => {
  await using redis = await RedisServer.start()
  await using one = new Instance(redis.url)
  await using two = new Instance(redis.url)
  await Promise.all([one.reached(), two.reached()])
  one.say('before')
  await two.hears('before')
  await redis.kill()
  await Promise.all([one.gone(), two.gone()])
  const gap = numbers(0, 500)
  for (const topic of gap) one.say(topic)
  await one.hears('499')
  t.false(two.topics.includes('0'))
  await redis.start()
  await two.hears('499')
  t.deepEqual(heardOf(two, gap), gap)
  t.like(one.said(/^Redis is back/)[0], { dropped: 0 })
})

withRedis('what is sent while Redis is killed again and again is heard, or was under way', async t => {
  await using redis = await RedisServer.start()
  await using one = new Instance(redis.url)
  await using two = new Instance(redis.url)
  await Promise.all([one.reached(), two.reached()])
  let n = 0
  const talking = setInterval(() => one.say(String(n++)), 1)
  for (let round = 0; round < 3; round++) {
    await redis.kill()
    await redis.start()
    await Promise.all([one.reached(), two.reached()])
    await two.hears(String(n + 20))
  }
  clearInterval(talking)
  one.say('end')
  await two.hears('end')
  const heard = heardOf(two, numbers(0, n))
  t.true(heard.length > n - 300, `${n - heard.length} of ${n} were lost`)
  t.deepEqual(heardOf(one, numbers(0, n)), numbers(0, n))
})

withRedis('more than may wait is dropped from the oldest on, and counted', async t => {
  await using redis = await RedisServer.start()
  await using one = new Instance(redis.url, { limits: { messages: 100, size: 1_000_000 } })
  await using two = new Instance(redis.url)
  await Promise.all([one.reached(), two.reached()])
  await redis.kill()
  await one.gone()
  for (const topic of numbers(0, 250)) one.say(topic)
  await redis.start()
  await two.hears('249')
  t.deepEqual(two.topics, numbers(150, 250))
  t.is(one.backplane.counts.dropped, 150)
  t.like(one.said(/^Redis is back/)[0], { dropped: 150 })
})

withRedis('a Redis that hangs is left, and used again when it goes on', async t => {
  await using redis = await RedisServer.start()
  await using one = new Instance(redis.url, { timing: { beatMs: 200 } })
  await using two = new Instance(redis.url, { timing: { beatMs: 200 } })
  await Promise.all([one.reached(), two.reached()])
  redis.freeze()
  await Promise.all([one.gone(), two.gone()])
  one.say('meanwhile')
  redis.thaw()
  await two.hears('meanwhile')
  t.regex(String(one.said(/out of reach/)[0]?.reason), /not answer/)
})

withRedis('a wrong password is told without the password, and tried again', async t => {
  await using redis = await RedisServer.start({ password: 'right-password' })
  const wrong = redis.url.replace('right-password', 'wrong-password')
  await using one = new Instance(wrong)
  await using two = new Instance(redis.url)
  await two.reached()
  await until(() => one.said(/out of reach/).length > 0)
  t.regex(String(one.backplane.fault), /WRONGPASS/)
  one.say('alone')
  await one.hears('alone')
  t.notRegex(JSON.stringify(one.lines), /wrong-password/)
  t.is(one.said(/out of reach/).length, 1)
})

withRedis('what others write to the channel is left aside', async t => {
  await using redis = await RedisServer.start()
  await using one = new Instance(redis.url)
  await one.reached()
  const stranger = await strangerOn(t, redis.url)
  for (const message of [
    '',
    'hello',
    '{"kind":"wake"}',
    `x ${JSON.stringify({ kind: 'disconnect', actors: 'all' })}`,
  ]) {
    await stranger.publish('test:one', message)
  }
  await stranger.publish('test:one', Buffer.from([0xff, 0x00, 0xfe]).toString('latin1'))
  await stranger.publish(
    'test:one',
    `x ${JSON.stringify({ kind: 'wake', tenantId: 'a', plugin: 'test', topic: 'ours' })}`,
  )
  await one.hears('ours')
  t.like(one.backplane.counts, { refused: 5, heard: 1 })
  t.is(one.said(/none of ours/).length, 1)
})

withRedis('a stop does not wait for a Redis that does not answer', async t => {
  await using redis = await RedisServer.start()
  redis.freeze()
  const one = new Instance(redis.url)
  one.say('x')
  await one.hears('x')
  await one.backplane.close()
  redis.thaw()
  t.is(one.backplane.counts.sent, 0)
})

withRedis('it sends what is left before it closes, and leaves nothing behind', async t => {
  await using redis = await RedisServer.start()
  const one = new Instance(redis.url)
  await using two = new Instance(redis.url)
  await Promise.all([one.reached(), two.reached()])
  for (const topic of numbers(0, 1_000)) one.say(topic)
  await one.backplane.close()
  await two.hears('999')
  const stranger = await strangerOn(t, redis.url)
  await until(async () => Number(/connected_clients:(\d+)/.exec(await stranger.info('clients'))?.[1]) === 3)
  one.say('after')
  t.false(one.topics.includes('after'))
})

async function strangerOn(t: ExecutionContext, url: string) {
  const client = createClient({ url })
  client.on('error', () => undefined)
  await client.connect()
  t.teardown(() => client.destroy())
  return client
}
