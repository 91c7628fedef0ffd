import { fork } from 'node:child_process'
import { once } from 'node:events'
import test from 'ava'
import { JobRuns } from '../../../kernel/jobs/runs.ts'
import { databaseFile, emptyDatabase, open } from './job-database.ts'
import { fixture } from './scheduler-fixture.ts'

const job = { plugin: 'assets', name: 'import', scope: 'platform' } as const
const run = { plugin: 'assets', name: 'import', data: {} } as const

/** Runs the job in a process of its own and kills that in the middle. Answers which attempt it was. */
async function crash(filename: string): Promise<number> {
  const child = fork(new URL('crashing-process.ts', import.meta.url), [filename])
  const [attempt] = await once(child, 'message')
  child.kill('SIGKILL')
  await once(child, 'exit')
  return attempt
}

async function queueIn(filename: string, retries: number): Promise<string> {
  const { openSqlite } = await import('../../../db/dialects/sqlite.ts')
  const database = await openSqlite({ filename })
  const runs = new JobRuns(database, () => new Date())
  const id = await database.transaction(undefined, trx => runs.enqueue(trx, { ...run, maxAttempts: retries + 1 }))
  await database.close()
  return id
}

test('a run whose process was killed runs again', async t => {
  const filename = await databaseFile(t)
  const id = await queueIn(filename, 2)
  t.is(await crash(filename), 1)
  t.is(await crash(filename), 2)
  const { scheduler, reached, lines } = fixture(t, await open(t, filename), { alone: true })
  scheduler.define({ ...job, run: async ({ attempt }) => ({ attempt }) })
  await scheduler.start()
  await reached(id, 'succeeded')
  t.like(await scheduler.runs.findAny(id), { attempts: 3, result: { attempt: 3 }, error: null })
  t.true(lines.some(line => line.includes('taken over')))
})

test('a run that takes its process down each time fails when its attempts are used up', async t => {
  const filename = await databaseFile(t)
  const id = await queueIn(filename, 0)
  t.is(await crash(filename), 1)
  const { scheduler, changes } = fixture(t, await open(t, filename), { alone: true })
  scheduler.define({ ...job, run: async () => 'never' })
  await scheduler.start()
  t.like(await scheduler.runs.findAny(id), { status: 'failed', attempts: 1, error: 'the process that ran it ended' })
  t.deepEqual(changes, [])
})

test('beside other processes, a run is taken over when its heartbeat has stopped, and not before', async t => {
  const database = await emptyDatabase(t)
  const claimAt = async (ago: number): Promise<string> => {
    const runs = new JobRuns(database, () => new Date(Date.now() - ago))
    const id = await database.transaction(undefined, trx => runs.enqueue(trx, { ...run, maxAttempts: 2 }))
    await runs.claim(id)
    return id
  }
  const [dead, alive] = [await claimAt(61_000), await claimAt(0)]
  const { scheduler, reached } = fixture(t, database)
  scheduler.define({ ...job, run: async () => 'again' })
  await scheduler.start()
  await reached(dead, 'succeeded')
  t.like(await scheduler.runs.findAny(dead), { attempts: 2, result: 'again' })
  t.like(await scheduler.runs.findAny(alive), { status: 'running', attempts: 1 })
})

test('a run that Agenda has lost is handed over again, one that it still has is not', async t => {
  const database = await emptyDatabase(t)
  const tickets = async (): Promise<string[]> =>
    (await database.knex('agenda_jobs').where({ name: 'assets/import' })).map(row => JSON.parse(row.data).run)
  const first = fixture(t, database)
  const undefine = first.scheduler.define({ ...job, run: async () => null })
  await first.scheduler.start()
  await undefine()
  const [lost, kept] = [await first.queue(run), await first.queue(run)]
  await first.scheduler.stop({ drainMs: 0 })
  await database.knex('agenda_jobs').where('data', 'like', `%${lost}%`).delete()
  t.deepEqual(await tickets(), [kept])

  const second = fixture(t, database, { timing: { lostMs: -1 } })
  await second.scheduler.start()
  await second.scheduler.stop({ drainMs: 0 })
  t.deepEqual((await tickets()).sort(), [lost, kept].sort())
})
