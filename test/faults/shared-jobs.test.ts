import { Counting, countingPlugin, quickServer } from './counting.ts'
import { onEachDatabase, onSqlServer } from './databases.ts'
import { eventually, type ServerProcess, startServer } from './server.ts'

const two = async (start: () => Promise<ServerProcess>): Promise<readonly [ServerProcess, ServerProcess]> => [
  await start(),
  await start(),
]

onSqlServer('two instances share the jobs, and each runs once', async (t, { env }) => {
  const start = () => startServer(t, { env: { ...env, ...countingPlugin }, script: quickServer })
  const [here, there] = await two(start)
  const marks = Array.from({ length: 24 }, (_, index) => `job ${index}`)
  const counting = new Counting(here.url)
  const ids = await counting.queue(marks, 100)
  await counting.succeeded(ids)
  const runs = await counting.runs()
  t.deepEqual(runs.map(({ mark }) => mark).sort(), marks.toSorted())
  t.true(runs.every(({ ended }) => ended))
  t.deepEqual([...new Set(runs.map(({ pid }) => pid))].sort(), [here.pid, there.pid].sort(), 'both took part')
})

onSqlServer('a job whose instance is killed is run again by the other, and ends once', async (t, { env }) => {
  const start = () => startServer(t, { env: { ...env, ...countingPlugin }, script: quickServer })
  const instances = await two(start)
  const [id = ''] = await new Counting(instances[0].url).queue(['long'], 1_000)
  const pids = async (): Promise<number[]> => (await new Counting(instances[0].url).runs()).map(({ pid }) => pid)
  await eventually('the job to begin', async () => (await pids()).length === 1)
  const [runner] = await pids()
  const killed = instances.find(({ pid }) => pid === runner)
  const left = instances.find(({ pid }) => pid !== runner)
  if (!killed || !left) return t.fail()
  await killed.end('SIGKILL')
  const counting = new Counting(left.url)
  await counting.succeeded([id])
  t.like(await counting.job(id), { status: 'succeeded', attempts: 2, result: { pid: left.pid } })
  t.deepEqual(
    (await counting.runs()).map(({ pid, ended }) => [pid, ended]),
    [
      [killed.pid, false],
      [left.pid, true],
    ],
  )
})

onSqlServer(
  'a job whose instance was frozen is taken over, and the late one does not end it again',
  async (t, { env }) => {
    const start = () => startServer(t, { env: { ...env, ...countingPlugin }, script: quickServer })
    const instances = await two(start)
    const [id = ''] = await new Counting(instances[0].url).queue(['long'], 1_500)
    const runs = () => new Counting(instances[0].url).runs()
    await eventually('the job to begin', async () => (await runs()).length === 1)
    const runner = (await runs())[0]?.pid
    const frozen = instances.find(({ pid }) => pid === runner)
    const left = instances.find(({ pid }) => pid !== runner)
    if (!frozen || !left) return t.fail()
    frozen.signal('SIGSTOP')
    const counting = new Counting(left.url)
    await counting.succeeded([id])
    frozen.signal('SIGCONT')
    await frozen.becomes(200)
    await eventually(
      'the frozen one to notice',
      () => frozen.log.some(({ msg }) => /taken over|lost/.test(msg)),
      5_000,
    ).catch(() => undefined)
    t.like(await counting.job(id), { status: 'succeeded', attempts: 2, result: { pid: left.pid } })
  },
)

onEachDatabase('SIGTERM hands a job back, and the next process runs it to its end', async (t, { env }) => {
  const settings = { ...env, ...countingPlugin }
  const server = await startServer(t, { env: settings, script: quickServer })
  const [id = ''] = await new Counting(server.url).queue(['long'], 60_000)
  await eventually('the job to begin', async () => (await new Counting(server.url).runs()).length === 1)
  t.deepEqual(await server.end(), { code: 0, signal: null })
  const again = await startServer(t, { env: settings, script: quickServer })
  const counting = new Counting(again.url)
  await eventually('the job to begin again', async () => (await counting.runs()).length === 2)
  t.like(await counting.job(id), { status: 'running', attempts: 1 }, 'an interrupted attempt does not count')
  t.deepEqual(await again.end(), { code: 0, signal: null })
})
