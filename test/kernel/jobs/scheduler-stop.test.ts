import test from 'ava'
import { emptyDatabase } from './job-database.ts'
import { fixture } from './scheduler-fixture.ts'

const job = { plugin: 'assets', name: 'import', scope: 'platform' } as const
const run = { plugin: 'assets', name: 'import', data: {} } as const
const aborted = (signal: AbortSignal): Promise<unknown> =>
  new Promise(resolve => signal.addEventListener('abort', resolve))

test('stopping interrupts what runs: it is queued again, and the attempt does not count', async t => {
  const database = await emptyDatabase(t)
  const first = fixture(t, database)
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

  const second = fixture(t, database)
  second.scheduler.define({ ...job, run: async ({ attempt }) => ({ attempt }) })
  await second.scheduler.start()
  await second.reached(id, 'succeeded')
  t.deepEqual((await second.scheduler.runs.findAny(id))?.result, { attempt: 1 })
})

test('what ends well while the process stops has succeeded', async t => {
  const { scheduler, queue, reached } = fixture(t, await emptyDatabase(t))
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

test('what does not end within the drain time is queued again', async t => {
  const { scheduler, queue, reached } = fixture(t, await emptyDatabase(t))
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

test('after a stop nothing starts, and Agenda holds no locks', async t => {
  const database = await emptyDatabase(t)
  const { scheduler, queue, reached, changes } = fixture(t, database)
  scheduler.define({ ...job, run: async () => null })
  await scheduler.start()
  await reached(await queue(run), 'succeeded')
  await scheduler.stop({ drainMs: 100 })
  const late = await queue(run)
  await new Promise(setImmediate)
  t.false(changes.some(change => change.id === late))
  t.deepEqual(await database.knex('agenda_jobs').whereNotNull('locked_at'), [])
})

test('a scheduler that never started can be stopped', async t => {
  const { scheduler } = fixture(t, await emptyDatabase(t))
  await t.notThrowsAsync(scheduler.stop({ drainMs: 0 }))
})
