import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Ticket } from '../../../kernel/jobs/caretaker.ts'
import { JobRuns } from '../../../kernel/jobs/runs.ts'
import { openPlace } from '../../../kernel/testing/test-database.ts'
import { inside, onEachStore } from './each-store.ts'
import { databaseFile, emptyDatabase, open } from './job-database.ts'
import { fixture } from './scheduler-fixture.ts'

const job = { plugin: 'assets', name: 'import', scope: 'platform' } as const
const run = { plugin: 'assets', name: 'import', data: {} } as const
const HOUR = 60 * 60_000

/** Runs the job in a process of its own and kills that in the middle. Answers which attempt it was. */
async function crash(filename: string): Promise<number> {
  const child = fork(new URL('crashing-process.ts', import.meta.url), [filename])
  const [attempt] = await once(child, 'message')
  child.kill('SIGKILL')
  await once(child, 'exit')
  return attempt
}

async function queueIn(filename: string, retries: number): Promise<string> {
  const database = await openPlace(filename)
  const runs = new JobRuns(database, () => new Date())
  const id = await database.transaction(undefined, trx => runs.enqueue(trx, { ...run, maxAttempts: retries + 1 }))
  await database.close()
  return id
}

onEachStore('a run whose process was killed runs again', async (t, storeOf) => {
  const filename = await databaseFile(t)
  const id = await queueIn(filename, 2)
  t.is(await crash(filename), 1)
  t.is(await crash(filename), 2)
  const { scheduler, reached, lines } = fixture(t, storeOf, await open(t, filename), { alone: true })
  scheduler.define({ ...job, run: async ({ attempt }) => ({ attempt }) })
  await scheduler.start()
  await reached(id, 'succeeded')
  t.like(await scheduler.runs.findAny(id), { attempts: 3, result: { attempt: 3 }, error: null })
  t.true(lines.some(line => line.includes('taken over')))
})

onEachStore('a run that takes its process down each time fails when its attempts are used up', async (t, storeOf) => {
  const filename = await databaseFile(t)
  const id = await queueIn(filename, 0)
  t.is(await crash(filename), 1)
  const { scheduler, changes } = fixture(t, storeOf, await open(t, filename), { alone: true })
  scheduler.define({ ...job, run: async () => 'never' })
  await scheduler.start()
  t.like(await scheduler.runs.findAny(id), { status: 'failed', attempts: 1, error: 'the process that ran it ended' })
  t.deepEqual(changes, [])
})

onEachStore(
  'beside other processes, a run is taken over when its heartbeat has stopped, and not before',
  async (t, storeOf) => {
    const database = await emptyDatabase(t)
    // Their clocks are wrong by hours, which says nothing about whether they live.
    const claimAt = async (ago: number): Promise<{ readonly id: string; beat(): Promise<unknown> }> => {
      const runs = new JobRuns(database, () => new Date(Date.now() - ago))
      const id = await database.transaction(undefined, trx => runs.enqueue(trx, { ...run, maxAttempts: 2 }))
      const hold = await runs.claim(id)
      return { id, beat: async () => hold && runs.beat([hold]) }
    }
    const [dead, slow, fast] = [await claimAt(-HOUR), await claimAt(2 * HOUR), await claimAt(-2 * HOUR)]
    const beats = setInterval(() => void Promise.all([slow.beat(), fast.beat()]), 20)
    t.teardown(() => clearInterval(beats))
    const { scheduler, reached } = fixture(t, storeOf, database, { timing: { pollMs: 20, staleMs: 400 } })
    scheduler.define({ ...job, run: async () => 'again' })
    await scheduler.start()
    await reached(dead.id, 'succeeded')
    t.like(await scheduler.runs.findAny(dead.id), { attempts: 2, result: 'again' })
    t.like(await scheduler.runs.findAny(slow.id), { status: 'running', attempts: 1 })
    t.like(await scheduler.runs.findAny(fast.id), { status: 'running', attempts: 1 })
  },
)

onEachStore('a run that Agenda has lost is handed over again, one that it still has is not', async (t, storeOf) => {
  const database = await emptyDatabase(t)
  const agenda = await inside(t, storeOf(database))
  const tickets = async (): Promise<string[]> =>
    (await agenda.queryJobs({ name: 'assets/import' })).jobs.map(job => (job.data as Ticket).run)
  const first = fixture(t, storeOf, database)
  const undefine = first.scheduler.define({ ...job, run: async () => null })
  await first.scheduler.start()
  await undefine()
  const [lost, kept] = [await first.queue(run), await first.queue(run)]
  await first.scheduler.stop({ drainMs: 0 })
  t.is(await agenda.removeJobs({ data: { run: lost } }), 1)
  t.deepEqual(await tickets(), [kept])

  const second = fixture(t, storeOf, database, { timing: { lostMs: -1 } })
  await second.scheduler.start()
  await second.scheduler.stop({ drainMs: 0 })
  t.deepEqual((await tickets()).sort(), [lost, kept].sort())
})

onEachStore('tickets whose turn is over are removed when nobody could do it then', async (t, storeOf) => {
  const database = await emptyDatabase(t)
  const agenda = await inside(t, storeOf(database))
  const ticket = { name: 'assets/import', type: 'normal', priority: 0, nextRunAt: null, data: { run: 'x' } } as const
  for (const ago of [2 * HOUR, 0]) {
    const saved = await agenda.saveJob({ ...ticket }, undefined)
    await agenda.saveJobState({ ...saved, nextRunAt: null, lastFinishedAt: new Date(Date.now() - ago) }, undefined)
  }
  const { scheduler } = fixture(t, storeOf, database)
  await scheduler.start()
  const { jobs } = await agenda.queryJobs()
  t.is(jobs.length, 1, 'what ended just now is left to whoever had the turn')
  t.true(Number(jobs[0]?.lastFinishedAt) > Date.now() - HOUR)
})
