import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import test, { type ExecutionContext } from 'ava'
import type { Database } from '../../../db/database.ts'
import { JobRuns } from '../../../kernel/jobs/runs.ts'
import { onEachStore } from './each-store.ts'
import { databaseFile } from './job-database.ts'
import type { Command, ProcessOptions, Said } from './job-process.ts'
import { openBeside } from './open-beside.ts'

/** Registers a test with processes of its own; they get the machine for themselves. */
const twoOrOne: typeof onEachStore = (title, run) => onEachStore(title, run, test.serial)

const HOUR = 60 * 60_000
const timing = { pollMs: 100, heartbeatMs: 50, staleMs: 1_500, lockMs: 4_000, lostMs: 5_000 }

/** A process that runs jobs, and what it said. */
interface Instance {
  readonly process: ChildProcess
  /** Ids of the runs it started, one for each attempt. */
  readonly started: string[]
  ticks: number
  tell(command: Command): void
}

async function instance(t: ExecutionContext, options: Omit<ProcessOptions, 'timing'>, own = timing): Promise<Instance> {
  const all: ProcessOptions = { ...options, timing: own }
  const child = fork(new URL('job-process.ts', import.meta.url), [JSON.stringify(all)])
  t.teardown(() => child.kill('SIGKILL'))
  const it: Instance = { process: child, started: [], ticks: 0, tell: command => void child.send(command) }
  const ready = Promise.withResolvers<void>()
  child.on('message', (said: Said) => {
    if ('started' in said) it.started.push(said.started)
    else if ('tick' in said) it.ticks++
    else ready.resolve()
  })
  child.on('exit', () => ready.reject(new Error('the process ended before it was ready')))
  await ready.promise
  return it
}

const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise(resolve => setTimeout(resolve, 20))
}

/** An empty database for several processes, and a handle on it. */
async function shared(t: ExecutionContext): Promise<{ readonly place: string; readonly database: Database }> {
  const place = await databaseFile(t)
  const database = await openBeside(place)
  t.teardown(() => database.close())
  return { place, database }
}

/** Queues runs as a process would that runs none. */
function queue(database: Database, name: string, count: number): Promise<string[]> {
  const runs = new JobRuns(database, () => new Date())
  const queued = { plugin: 'assets', name, data: {}, maxAttempts: 3 }
  return database.transaction(undefined, async trx => {
    const ids: string[] = []
    for (let n = 0; n < count; n++) ids.push(await runs.enqueue(trx, queued))
    return ids
  })
}

/** Waits until the processes have said as much as that, which may come after the database has it. */
const said = (instances: readonly Instance[], attempts: number): Promise<void> =>
  until(() => instances.reduce((sum, { started }) => sum + started.length, 0) >= attempts)

const allDone = async (database: Database, ids: readonly string[]): Promise<boolean> => {
  const [left] = await database.knex('job_runs').whereIn('id', ids).whereNot('status', 'succeeded').count({ left: '*' })
  return Number(left?.left) === 0
}

twoOrOne('two processes share the jobs, and start each run once', async (t, _, mongo) => {
  const { place, database } = await shared(t)
  const ids = await queue(database, 'quick', 40)
  const [one, other] = await Promise.all([instance(t, { place, mongo }), instance(t, { place, mongo })])
  await until(() => allDone(database, ids))
  await said([one, other], ids.length)
  t.deepEqual([...one.started, ...other.started].sort(), [...ids].sort())
  t.true(one.started.length > 0)
  t.true(other.started.length > 0)
})

twoOrOne('what a process was doing when it was killed, the other one does', async (t, _, mongo) => {
  const { place, database } = await shared(t)
  const victim = await instance(t, { place, mongo })
  const ids = await queue(database, 'held', 6)
  await until(() => victim.started.length === 3)
  const heir = await instance(t, { place, mongo })
  await until(() => heir.started.length === 3)
  heir.tell({ release: true })
  victim.process.kill('SIGKILL')
  await once(victim.process, 'exit')
  await until(() => allDone(database, ids))
  await said([heir], ids.length)
  t.deepEqual([...heir.started].sort(), [...ids].sort(), 'the heir started all of them')
  const attempts = await database.knex('job_runs').whereIn('id', ids).orderBy('attempts').pluck('attempts')
  t.deepEqual(attempts, [1, 1, 1, 2, 2, 2])
})

twoOrOne('a clock that jumps takes nothing from the other process', async (t, _, mongo) => {
  const { place, database } = await shared(t)
  const [one, other] = await Promise.all([instance(t, { place, mongo }), instance(t, { place, mongo })])
  const held = await queue(database, 'held', 4)
  await until(() => one.started.length + other.started.length === 4)
  const quick: string[] = []
  for (const hours of [2, -2]) {
    one.tell({ jump: hours * HOUR })
    const ids = await queue(database, 'quick', 5)
    quick.push(...ids)
    await until(() => allDone(database, ids))
    // Long enough for a heartbeat to count as missed, if it were compared with the wrong clock.
    const before = performance.now()
    await until(() => performance.now() - before > 1.2 * timing.staleMs)
  }
  for (const each of [one, other]) each.tell({ release: true })
  await until(() => allDone(database, held))
  await said([one, other], held.length + quick.length)
  t.deepEqual([...one.started, ...other.started].sort(), [...held, ...quick].sort())
})

twoOrOne('a process alone whose clock jumps goes on', async (t, _, mongo) => {
  const { place, database } = await shared(t)
  const alone = await instance(t, { place, mongo })
  await until(() => alone.ticks > 1)
  const quick: string[] = []
  for (const hours of [2, 0, -2]) {
    alone.tell({ jump: hours * HOUR })
    const ticks = alone.ticks
    const ids = await queue(database, 'quick', 3)
    quick.push(...ids)
    await until(() => allDone(database, ids))
    await until(() => alone.ticks > ticks + 2)
  }
  await said([alone], quick.length)
  t.deepEqual([...alone.started].sort(), quick.sort())
})

twoOrOne('a turn that waits to be due when the clock jumps ahead is not forgotten', async (t, _, mongo) => {
  const { place, database } = await shared(t)
  // Agenda locks what is due before its next poll, and lets it wait: here the second attempt, due 600 ms after the first.
  const alone = await instance(t, { place, mongo }, { ...timing, pollMs: 2_000 })
  const [id] = await queue(database, 'second-try', 1)
  await until(() => alone.started.length === 1)
  await until(async () => (await database.knex('job_runs').where({ id }).first()).status === 'queued')
  alone.tell({ jump: 2 * HOUR })
  await until(() => allDone(database, [String(id)]))
  await said([alone], 2)
  t.deepEqual(alone.started, [id, id])
})
