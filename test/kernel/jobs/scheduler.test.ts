import { onEachStore } from './each-store.ts'
import { addTenant, databaseFile, emptyDatabase, open, openAgain } from './job-database.ts'
import { fixture } from './scheduler-fixture.ts'

const job = { plugin: 'assets', name: 'import', scope: 'platform' } as const
const run = { plugin: 'assets', name: 'import', data: {} } as const

onEachStore('a queued run starts at once and its result is kept', async (t, storeOf) => {
  const database = await emptyDatabase(t)
  const { scheduler, queue, reached } = fixture(t, storeOf, database)
  const tenantId = await addTenant(database)
  scheduler.define({
    ...job,
    scope: 'tenant',
    async run({ id, tenantId: tenant, data, attempt, createdBy }) {
      return { id, tenant, data, attempt, createdBy }
    },
  })
  await scheduler.start()
  const id = await queue({ ...run, tenantId, data: { rows: 2 }, createdBy: 'user-1' })
  await reached(id, 'succeeded')
  const found = await scheduler.runs.find(id, tenantId)
  t.deepEqual(found?.result, { id, tenant: tenantId, data: { rows: 2 }, attempt: 1, createdBy: 'user-1' })
  t.like(found, { status: 'succeeded', attempts: 1, error: null })
})

onEachStore('a run that was queued by a process that ended before it could nudge is started', async (t, storeOf) => {
  const database = await emptyDatabase(t)
  const { scheduler, reached } = fixture(t, storeOf, database)
  scheduler.define({ ...job, run: async () => 'done' })
  const id = await database.transaction(undefined, trx => scheduler.enqueue(trx, run))
  await scheduler.start()
  await reached(id, 'succeeded')
  t.is((await scheduler.runs.findAny(id))?.result, 'done')
})

onEachStore('a run queued in one process is found by another', async (t, storeOf) => {
  const filename = await databaseFile(t)
  const here = fixture(t, storeOf, await open(t, filename))
  const there = fixture(t, storeOf, await openAgain(t, filename), { timing: { pollMs: 20 } })
  for (const { scheduler } of [here, there]) scheduler.define({ ...job, run: async () => 'done' })
  await there.scheduler.start()
  await there.reached(await here.queue(run), 'succeeded')
  t.is(here.changes.length, 0)
})

onEachStore('two processes share the runs, and each run starts once', async (t, storeOf) => {
  const filename = await databaseFile(t)
  const timing = { pollMs: 20 }
  const one = fixture(t, storeOf, await open(t, filename), { timing })
  const other = fixture(t, storeOf, await openAgain(t, filename), { timing })
  const started: string[] = []
  for (const { scheduler } of [one, other]) {
    scheduler.define({ ...job, concurrency: 3, run: async context => void started.push(context.id) })
  }
  const ids: string[] = []
  for (let n = 0; n < 30; n++) ids.push(await one.queue(run))
  await Promise.all([one.scheduler.start(), other.scheduler.start()])
  for (const id of ids) {
    await Promise.race([one.reached(id, 'succeeded'), other.reached(id, 'succeeded')])
  }
  t.deepEqual(started.sort(), ids.sort())
})

onEachStore(
  'a backlog is worked off without waiting for the next poll, no more at once than allowed',
  async (t, storeOf) => {
    const { scheduler, queue, reached } = fixture(t, storeOf, await emptyDatabase(t))
    let [atOnce, most] = [0, 0]
    const both = Promise.withResolvers<void>()
    scheduler.define({
      ...job,
      concurrency: 2,
      async run() {
        most = Math.max(most, ++atOnce)
        if (atOnce === 2) both.resolve()
        await both.promise
        await new Promise(setImmediate)
        atOnce--
      },
    })
    await scheduler.start()
    const ids = await Promise.all(Array.from({ length: 20 }, () => queue(run)))
    for (const id of ids) await reached(id, 'succeeded')
    t.is(most, 2)
  },
)

onEachStore('a failed run is tried again, with a pause, until it succeeds', async (t, storeOf) => {
  const pauses: number[] = []
  const backoff = (attempt: number): number => pauses.push(attempt)
  const { scheduler, queue, reached } = fixture(t, storeOf, await emptyDatabase(t), { backoff })
  const attempts: number[] = []
  scheduler.define({
    ...job,
    async run({ attempt }) {
      attempts.push(attempt)
      if (attempt < 3) throw new Error(`no connection ${attempt}`)
      return 'connected'
    },
  })
  await scheduler.start()
  const id = await queue(run)
  await reached(id, 'succeeded')
  t.deepEqual(attempts, [1, 2, 3])
  t.deepEqual(pauses, [1, 2])
  t.like(await scheduler.runs.findAny(id), { status: 'succeeded', attempts: 3, result: 'connected', error: null })
})

onEachStore('a run fails for good after its retries, and takes nothing else down', async (t, storeOf) => {
  const { scheduler, queue, reached, lines } = fixture(t, storeOf, await emptyDatabase(t))
  let calls = 0
  scheduler.define({
    ...job,
    retries: 1,
    run() {
      calls++
      throw new Error('broken')
    },
  })
  scheduler.define({ ...job, name: 'strange', retries: 0, run: () => Promise.reject('no error object') })
  scheduler.define({ ...job, name: 'sound', run: async () => 'fine' })
  await scheduler.start()
  const [broken, strange] = [await queue(run), await queue({ ...run, name: 'strange' })]
  await Promise.all([reached(broken, 'failed'), reached(strange, 'failed')])
  t.is(calls, 2)
  t.like(await scheduler.runs.findAny(broken), { status: 'failed', attempts: 2, error: 'broken' })
  t.like(await scheduler.runs.findAny(strange), { status: 'failed', attempts: 1, error: 'no error object' })
  t.true(lines.some(line => line.startsWith('broken')))
  await reached(await queue({ ...run, name: 'sound' }), 'succeeded')
})

onEachStore('progress is stored while the job runs, and the last word always', async (t, storeOf) => {
  const { scheduler, queue, reached, when, changes } = fixture(t, storeOf, await emptyDatabase(t))
  const seen = Promise.withResolvers<void>()
  scheduler.define({
    ...job,
    async run({ progress }) {
      for (let done = 0; done <= 1000; done++) progress({ done, total: 2000, message: 'half' })
      await seen.promise
      progress({ done: 2000, total: 2000 })
    },
  })
  await scheduler.start()
  const id = await queue(run)
  await when(() => changes.some(change => change.progress?.done === 1000))
  t.deepEqual((await scheduler.runs.findAny(id))?.progress, { done: 1000, total: 2000, message: 'half' })
  seen.resolve()
  await reached(id, 'succeeded')
  t.deepEqual((await scheduler.runs.findAny(id))?.progress, { done: 2000, total: 2000 })
  t.true(changes.length < 20, 'a thousand calls are a few writes')
})

onEachStore('a run that takes too long is told so, and the attempt has failed', async (t, storeOf) => {
  const { scheduler, queue, reached } = fixture(t, storeOf, await emptyDatabase(t))
  scheduler.define({
    ...job,
    retries: 0,
    timeoutMs: 20,
    run: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  })
  await scheduler.start()
  const id = await queue(run)
  await reached(id, 'failed')
  t.is((await scheduler.runs.findAny(id))?.error, 'timed out')
})

onEachStore(
  'a run that does not heed the signal is given up, and what it does later changes nothing',
  async (t, storeOf) => {
    const { scheduler, queue, reached } = fixture(t, storeOf, await emptyDatabase(t), { timing: { graceMs: 20 } })
    const late = Promise.withResolvers<string>()
    scheduler.define({ ...job, retries: 0, timeoutMs: 20, run: () => late.promise })
    await scheduler.start()
    const id = await queue(run)
    await reached(id, 'failed')
    late.resolve('too late')
    await new Promise(setImmediate)
    t.like(await scheduler.runs.findAny(id), { status: 'failed', result: null })
  },
)

onEachStore('a cancelled run ends and is not tried again', async (t, storeOf) => {
  const { scheduler, queue, reached } = fixture(t, storeOf, await emptyDatabase(t))
  const ended = Promise.withResolvers<unknown>()
  scheduler.define({
    ...job,
    run: ({ signal }) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          ended.resolve(signal.reason)
          reject(signal.reason)
        }),
      ),
  })
  await scheduler.start()
  const id = await queue(run)
  await reached(id, 'running')
  t.true(await scheduler.cancel(id))
  t.like(await ended.promise, { reason: 'cancelled' })
  await scheduler.stop({ drainMs: 1000 })
  t.like(await scheduler.runs.findAny(id), { status: 'cancelled', attempts: 1 })
})

onEachStore('a run that was cancelled by another process is told with the next heartbeat', async (t, storeOf) => {
  const filename = await databaseFile(t)
  const { scheduler, queue, reached } = fixture(t, storeOf, await open(t, filename))
  const other = fixture(t, storeOf, await openAgain(t, filename))
  const ended = Promise.withResolvers<unknown>()
  scheduler.define({
    ...job,
    async run({ signal }) {
      await new Promise(resolve => signal.addEventListener('abort', resolve))
      ended.resolve(signal.reason)
      signal.throwIfAborted()
    },
  })
  await scheduler.start()
  const id = await queue(run)
  await reached(id, 'running')
  await other.scheduler.cancel(id)
  t.like(await ended.promise, { reason: 'taken over' })
})

onEachStore('a job of a name is defined once, and only defined jobs are queued', async (t, storeOf) => {
  const database = await emptyDatabase(t)
  const { scheduler } = fixture(t, storeOf, database)
  const work = { ...job, run: async () => null }
  scheduler.define(work)
  t.throws(() => scheduler.define(work), { message: /defined already/ })
  t.throws(() => scheduler.define({ ...work, name: 'again', every: 'now and then' }), { message: /now and then/ })
  t.throws(() => scheduler.define({ ...work, name: 'Bad Name' }), { instanceOf: TypeError })
  await t.throwsAsync(scheduler.enqueue(database.knex, { ...run, name: 'unknown' }), {
    message: /no job assets\/unknown/,
  })
})

onEachStore('the runs of a job that is taken back wait until it is defined again', async (t, storeOf) => {
  const { scheduler, queue, reached, changes } = fixture(t, storeOf, await emptyDatabase(t))
  const work = { ...job, run: async () => 'done' }
  const undefine = scheduler.define(work)
  await scheduler.start()
  await undefine()
  const parked = await queue(run)
  scheduler.define({ ...job, name: 'other', run: async () => 'done' })
  await reached(await queue({ ...run, name: 'other' }), 'succeeded')
  t.false(changes.some(change => change.id === parked))
  t.like(await scheduler.runs.findAny(parked), { status: 'queued', attempts: 0 })
  scheduler.define(work)
  await reached(parked, 'succeeded')
})

onEachStore('a running run of a job that is taken back is interrupted and waits', async (t, storeOf) => {
  const { scheduler, queue, reached } = fixture(t, storeOf, await emptyDatabase(t))
  const undefine = scheduler.define({
    ...job,
    async run({ signal }) {
      await new Promise(resolve => signal.addEventListener('abort', resolve))
      signal.throwIfAborted()
    },
  })
  await scheduler.start()
  const id = await queue(run)
  await reached(id, 'running')
  await undefine({ drainMs: 1000 })
  t.like(await scheduler.runs.findAny(id), { status: 'queued', attempts: 0 })
  scheduler.define({ ...job, run: async () => 'done' })
  await reached(id, 'succeeded')
})
