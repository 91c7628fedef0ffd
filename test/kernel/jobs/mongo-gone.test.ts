import type { ExecutionContext } from 'ava'
import { mongoStore } from '../../../kernel/jobs/mongo-store.ts'
import { onMongo } from './each-store.ts'
import { impatient } from './impatient.ts'
import { emptyDatabase } from './job-database.ts'
import { type Fixture, fixture } from './scheduler-fixture.ts'
import { tcpProxy } from './tcp-proxy.ts'

const job = { plugin: 'assets', name: 'import', scope: 'platform' } as const
const run = { plugin: 'assets', name: 'import', data: {} } as const
const timing = { pollMs: 50, lockMs: 1_000 }

/** Waits until the scheduler says that runs can start. */
async function well({ scheduler }: Fixture): Promise<void> {
  while (
    await scheduler.check().then(
      () => false,
      () => true,
    )
  )
    await new Promise(resolve => setTimeout(resolve, 20))
}

/** How often each run was started, and that all of them were. */
function startedOnce(t: ExecutionContext, started: readonly string[], ids: readonly string[]): void {
  t.deepEqual([...started].sort(), [...ids].sort())
}

onMongo('a start without it: runs are taken, wait, and start when it is there', async (t, url) => {
  const proxy = await tcpProxy(t, url)
  await proxy.cut()
  const password = 'very-secret-word'
  const withPassword = impatient(proxy.url).replace('//', `//user:${password}@`)
  const refused = mongoStore(withPassword)
  const told = await t.throwsAsync(refused.open())
  t.regex(told.message, /MongoDB cannot be used: .*ECONNREFUSED/)
  t.notRegex(told.message, new RegExp(password))

  const f = fixture(t, () => mongoStore(impatient(proxy.url)), await emptyDatabase(t), { timing })
  f.scheduler.define({ ...job, run: async () => 'done' })
  f.scheduler.define({ ...job, name: 'clock', every: '1 hour', run: async () => 'struck' })
  await f.scheduler.start()
  await t.throwsAsync(f.scheduler.check(), { message: /MongoDB cannot be used/ })
  const id = await f.queue(run)
  t.like(await f.scheduler.runs.findAny(id), { status: 'queued', attempts: 0 })
  await proxy.mend()
  await f.reached(id, 'succeeded')
  await f.when(() => f.changes.some(change => change.name === 'clock' && change.status === 'succeeded'))
  await well(f)
  t.deepEqual(
    f.lines.filter(line => /out of reach/.test(line)).length,
    1,
    'it is said once, however many tries there were',
  )
  t.true(f.lines.some(line => /MongoDB is back/.test(line)))
})

onMongo('a stop while it is gone does not wait for it', async (t, url) => {
  const proxy = await tcpProxy(t, url)
  const database = await emptyDatabase(t)
  const f = fixture(t, () => mongoStore(proxy.url), database, { timing })
  f.scheduler.define({
    ...job,
    run: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  })
  await f.scheduler.start()
  const id = await f.queue(run)
  await f.reached(id, 'running')
  await proxy.cut()
  await t.notThrowsAsync(f.scheduler.stop({ drainMs: 1_000 }))
  t.like(await f.scheduler.runs.findAny(id), { status: 'queued', attempts: 0 })

  const never = fixture(t, () => mongoStore(proxy.url), database, { timing })
  void never.scheduler.start()
  await t.notThrowsAsync(never.scheduler.stop({ drainMs: 0 }))
})

for (const [what, how] of [
  ['gone', 'cut'],
  ['silent', 'freeze'],
] as const) {
  onMongo(`${what} while jobs run and are queued: all run, each once`, async (t, url) => {
    const proxy = await tcpProxy(t, url)
    const f = fixture(t, () => mongoStore(impatient(proxy.url)), await emptyDatabase(t), {
      timing: { ...timing, lostMs: 2_000 },
    })
    const started: string[] = []
    const release = Promise.withResolvers<void>()
    f.scheduler.define({
      ...job,
      concurrency: 3,
      async run({ id }) {
        started.push(id)
        await release.promise
      },
    })
    await f.scheduler.start()
    const ids: string[] = []
    for (let n = 0; n < 10; n++) ids.push(await f.queue(run))
    await f.when(() => f.changes.filter(change => change.status === 'running').length === 3)
    await proxy[how]()
    for (let n = 0; n < 10; n++) ids.push(await f.queue(run))
    while (!f.lines.some(line => /out of reach/.test(line))) await new Promise(resolve => setTimeout(resolve, 20))
    await t.throwsAsync(f.scheduler.check())
    release.resolve()
    const [first] = started
    await f.reached(String(first), 'succeeded')
    t.is((await f.scheduler.runs.findAny(String(first)))?.status, 'succeeded', 'what is done is done, without it')
    await proxy.mend()
    for (const id of ids) await f.reached(id, 'succeeded')
    startedOnce(t, started, ids)
    await well(f)
  })
}
