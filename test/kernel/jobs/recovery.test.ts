import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { JobRepository } from 'agenda'
import type { Ticket } from '../../../kernel/jobs/caretaker.ts'
import { JobRuns } from '../../../kernel/jobs/runs.ts'
import { openPlace } from '../../../kernel/testing/test-database.ts'
import { inside, onEachStore } from './each-store.ts'
import { databaseFile, emptyDatabase, open } from './job-database.ts'
import { fixture } from './scheduler-fixture.ts'

const job = { plugin: 'assets', name: 'import', scope: 'platform' } as const
const run = { plugin: 'assets', name: 'import', data: {} } as const
const HOUR = 60 * 60_000

/** Waits until Agenda has been handed so many runs. */
async function handedOver(agenda: JobRepository, count: number): Promise<void> {
  while ((await agenda.queryJobs({ name: 'assets/import' })).total < count) await new Promise(setImmediate)
}

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
  await handedOver(agenda, 2)
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

onEachStore('a run that is due is due on every clock, also when a wrong one handed it over', async (t, storeOf) => {
  const database = await emptyDatabase(t)
  const agenda = await inside(t, storeOf(database))
  for (const wrong of [2 * HOUR, -2 * HOUR]) {
    const { scheduler, queue } = fixture(t, storeOf, database, { now: () => new Date(Date.now() + wrong) })
    await scheduler.define({ ...job, run: async () => null })()
    await scheduler.start()
    await queue(run)
    await handedOver(agenda, wrong > 0 ? 1 : 2)
    await scheduler.stop({ drainMs: 0 })
  }
  const { jobs } = await agenda.queryJobs({ name: 'assets/import' })
  t.is(jobs.length, 2)
  for (const { nextRunAt } of jobs) t.true(Number(nextRunAt) < Date.now() - 24 * HOUR)

  const later = fixture(t, storeOf, database, { timing: { pollMs: 20 } })
  later.scheduler.define({ ...job, run: async () => null })
  await later.scheduler.start()
  await later.when(() => later.changes.filter(change => change.status === 'succeeded').length === 2)
  t.is(later.changes.length, 4, 'each of them once')
})

onEachStore('what a wrong clock handed over, and nobody has any more, is handed over again', async (t, storeOf) => {
  const database = await emptyDatabase(t)
  const agenda = await inside(t, storeOf(database))
  const ahead = fixture(t, storeOf, database, { now: () => new Date(Date.now() + 2 * HOUR) })
  await ahead.scheduler.define({ ...job, run: async () => null })()
  await ahead.scheduler.start()
  const [removed, locked] = [await ahead.queue(run), await ahead.queue(run)]
  await handedOver(agenda, 2)
  await ahead.scheduler.stop({ drainMs: 0 })
  t.is(await agenda.removeJobs({ data: { run: removed } }), 1)
  const [ticket] = (await agenda.queryJobs({ data: { run: locked } })).jobs
  if (ticket) await agenda.saveJobState({ ...ticket, lockedAt: new Date(Date.now() + 2 * HOUR) }, undefined)

  const right = fixture(t, storeOf, database)
  right.scheduler.define({ ...job, run: async () => null })
  await right.scheduler.start()
  for (const id of [removed, locked]) await right.reached(id, 'succeeded')
})
