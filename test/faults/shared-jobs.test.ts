import { randomUUID } from 'node:crypto'
import type { ExecutionContext } from 'ava'
import { type CountedRun, Counting, countingPlugin, quickServer } from './counting.ts'
import { onEachDatabase, onSqlServer } from './databases.ts'
import { eventually, type ServerProcess, startServer } from './server.ts'

type Settings = Readonly<Record<string, string>>

const start = (t: ExecutionContext, env: Settings): Promise<ServerProcess> =>
  startServer(t, { env: { ...env, ...countingPlugin }, script: quickServer })

/** One job under way at one of two instances. */
interface UnderWay {
  readonly id: string
  readonly mark: string
  readonly runner: ServerProcess
  readonly other: ServerProcess
}

async function jobUnderWay(t: ExecutionContext, env: Settings, ms: number): Promise<UnderWay> {
  const instances = await Promise.all([start(t, env), start(t, env)])
  const mark = randomUUID()
  const counting = new Counting(instances[0].url)
  const [id = ''] = await counting.queue([mark], ms)
  let begun: CountedRun | undefined
  await eventually('the job to begin', async () => {
    begun = (await counting.runs([mark]))[0]
    return begun !== undefined
  })
  const [runner, other] = begun?.pid === instances[0].pid ? instances : instances.toReversed()
  return { id, mark, runner: runner as ServerProcess, other: other as ServerProcess }
}

onSqlServer('two instances share the jobs, and each runs once', async (t, { env }) => {
  const [here, there] = await Promise.all([start(t, env), start(t, env)])
  const marks = Array.from({ length: 24 }, () => randomUUID())
  const counting = new Counting(here.url)
  const ids = await counting.queue(marks, 100)
  await counting.succeeded(ids)
  const runs = await counting.runs(marks)
  t.deepEqual(runs.map(({ mark }) => mark).sort(), marks.toSorted())
  t.true(runs.every(({ ended }) => ended))
  t.deepEqual([...new Set(runs.map(({ pid }) => pid))].sort(), [here.pid, there.pid].sort(), 'both took part')
})

onSqlServer('a job whose instance is killed is run again by the other, and ends once', async (t, { env }) => {
  const { id, mark, runner, other } = await jobUnderWay(t, env, 1_500)
  await runner.end('SIGKILL')
  const counting = new Counting(other.url)
  await counting.succeeded([id])
  t.like(await counting.job(id), { status: 'succeeded', attempts: 2, result: { pid: other.pid } })
  const runs = await counting.runs([mark])
  t.deepEqual(
    runs.map(({ pid, ended }) => [pid, ended]),
    [
      [runner.pid, false],
      [other.pid, true],
    ],
  )
})

onSqlServer('a job whose instance is frozen is taken over, and the late one changes nothing', async (t, { env }) => {
  const { id, runner, other } = await jobUnderWay(t, env, 1_500)
  runner.signal('SIGSTOP')
  const counting = new Counting(other.url)
  await counting.succeeded([id])
  const ended = await counting.job(id)
  runner.signal('SIGCONT')
  await runner.becomes(200)
  t.deepEqual(await runner.end(), { code: 0, signal: null }, 'whatever it was at has come to its end')
  t.like(ended, { status: 'succeeded', attempts: 2, result: { pid: other.pid } })
  t.deepEqual(await counting.job(id), ended)
})

onEachDatabase('SIGTERM hands a job back, and the next process runs it', async (t, { env }) => {
  const mark = randomUUID()
  const first = await start(t, env)
  const [id = ''] = await new Counting(first.url).queue([mark], 60_000)
  await eventually('the job to begin', async () => (await new Counting(first.url).runs([mark])).length === 1)
  t.deepEqual(await first.end(), { code: 0, signal: null })
  const second = await start(t, env)
  const counting = new Counting(second.url)
  await eventually('the job to begin again', async () => (await counting.runs([mark])).length === 2)
  t.like(await counting.job(id), { status: 'running', attempts: 1 }, 'an interrupted attempt does not count')
  t.deepEqual(await second.end(), { code: 0, signal: null })
})
