import { inside, onEachStore } from './each-store.ts'
import { emptyDatabase } from './job-database.ts'
import { fixture } from './scheduler-fixture.ts'

const job = { plugin: 'assets', name: 'import', scope: 'platform' } as const
const run = { plugin: 'assets', name: 'import', data: {} } as const
const aborted = (signal: AbortSignal): Promise<unknown> =>
  new Promise(resolve => signal.addEventListener('abort', resolve))

onEachStore('stopping interrupts what runs: it is queued again, and the attempt does not count', async (t, storeOf) => {
  const database = await emptyDatabase(t)
  const first = fixture(t, storeOf, database)
  first.scheduler.define({
    ...job,
    async run({ signal }) {
      await aborted(signal)
      signal.throwIfAborted()
    },
  })
  await first.scheduler.start()
  const id = await first.queue(run)
  await first.reached(id, 'running')
  await first.scheduler.stop({ drainMs: 10_000 })
  t.like(await first.scheduler.runs.findAny(id), { status: 'queued', attempts: 0, error: null })

  const second = fixture(t, storeOf, database)
  second.scheduler.define({ ...job, run: async ({ attempt }) => ({ attempt }) })
  await second.scheduler.start()
  await second.reached(id, 'succeeded')
  t.deepEqual((await second.scheduler.runs.findAny(id))?.result, { attempt: 1 })
})

onEachStore('what ends well while the process stops has succeeded', async (t, storeOf) => {
  const { scheduler, queue, reached } = fixture(t, storeOf, await emptyDatabase(t))
  scheduler.define({
    ...job,
    async run({ signal }) {
      await aborted(signal)
      await new Promise(setImmediate)
      return 'finished the last page'
    },
  })
  await scheduler.start()
  const id = await queue(run)
  await reached(id, 'running')
  await scheduler.stop({ drainMs: 10_000 })
  t.like(await scheduler.runs.findAny(id), { status: 'succeeded', result: 'finished the last page' })
})

onEachStore('what does not end within the drain time is queued again', async (t, storeOf) => {
  const { scheduler, queue, reached } = fixture(t, storeOf, await emptyDatabase(t))
  const never = Promise.withResolvers<void>()
  scheduler.define({ ...job, run: () => never.promise })
  await scheduler.start()
  const id = await queue(run)
  await reached(id, 'running')
  await scheduler.stop({ drainMs: 20 })
  never.resolve()
  await new Promise(setImmediate)
  t.like(await scheduler.runs.findAny(id), { status: 'queued', attempts: 0 })
})

onEachStore('after a stop nothing starts, and Agenda holds no locks', async (t, storeOf) => {
  const database = await emptyDatabase(t)
  const { scheduler, queue, reached, changes } = fixture(t, storeOf, database)
  scheduler.define({ ...job, run: async () => null })
  await scheduler.start()
  await reached(await queue(run), 'succeeded')
  await scheduler.stop({ drainMs: 100 })
  const late = await queue(run)
  await new Promise(setImmediate)
  t.false(changes.some(change => change.id === late))
  const { jobs } = await (await inside(t, storeOf(database))).queryJobs()
  t.deepEqual(
    jobs.filter(job => job.lockedAt),
    [],
  )
})

onEachStore('a scheduler that never started can be stopped', async (t, storeOf) => {
  const { scheduler } = fixture(t, storeOf, await emptyDatabase(t))
  await t.notThrowsAsync(scheduler.stop({ drainMs: 0 }))
})
