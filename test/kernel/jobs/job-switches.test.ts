import { onEachStore } from './each-store.ts'
import { emptyDatabase } from './job-database.ts'
import { fixture } from './scheduler-fixture.ts'

const job = { plugin: 'feeds', name: 'sync', scope: 'platform' } as const
const other = { ...job, name: 'match' }

onEachStore('a job that is switched off waits in the queue until it is on again', async (t, storeOf) => {
  const database = await emptyDatabase(t)
  const { scheduler, queue, reached } = fixture(t, storeOf, database)
  const ran: string[] = []
  for (const one of [job, other]) scheduler.define({ ...one, run: async ({ name }) => void ran.push(name) })
  await scheduler.start()
  t.true(await database.transaction(undefined, trx => scheduler.switches.off(trx, job, 'ada')))
  t.false(await database.transaction(undefined, trx => scheduler.switches.off(trx, job, 'bob')), 'it is off already')
  const [waiting, going] = [await queue({ ...job, data: {} }), await queue({ ...other, data: {} })]
  await reached(going, 'succeeded')
  t.deepEqual(ran, ['match'])
  t.is((await scheduler.runs.findAny(waiting))?.status, 'queued')
  const [off] = await scheduler.switches.list()
  t.like(off, { plugin: 'feeds', name: 'sync', disabledBy: 'ada' })

  t.true(await database.transaction(undefined, trx => scheduler.switches.on(trx, job)))
  t.false(await database.transaction(undefined, trx => scheduler.switches.on(trx, job)))
  scheduler.nudge()
  await reached(waiting, 'succeeded')
  t.deepEqual(ran, ['match', 'sync'])
})

onEachStore('what was handed out already does not start once the job is off, in no process', async (t, storeOf) => {
  const database = await emptyDatabase(t)
  const one = fixture(t, storeOf, database)
  const elsewhere = fixture(t, storeOf, database)
  const busy = Promise.withResolvers<void>()
  const ran: unknown[] = []
  one.scheduler.define({
    ...job,
    async run({ data }) {
      ran.push(data)
      await busy.promise
    },
  })
  await one.scheduler.start()
  const first = await one.queue({ ...job, data: 1 })
  await one.reached(first, 'running')
  const next = await one.queue({ ...job, data: 2 })
  await database.transaction(undefined, trx => elsewhere.scheduler.switches.off(trx, job, 'ada'))
  busy.resolve()
  await one.reached(first, 'succeeded')
  t.is((await one.scheduler.runs.findAny(next))?.status, 'queued', 'what ran went on, what waited did not start')

  await database.transaction(undefined, trx => elsewhere.scheduler.switches.on(trx, job))
  one.scheduler.nudge()
  await one.reached(next, 'succeeded')
  t.deepEqual(ran, [1, 2])
})

onEachStore('the times of a recurring job pass by while it is off', async (t, storeOf) => {
  const database = await emptyDatabase(t)
  const { scheduler, when, changes } = fixture(t, storeOf, database, { timing: { pollMs: 20 } })
  for (const one of [job, other]) scheduler.define({ ...one, every: '0.05 seconds', run: async () => null })
  await database.transaction(undefined, trx => scheduler.switches.off(trx, job, 'ada'))
  await scheduler.start()
  const succeeded = (name: string): number =>
    changes.filter(change => change.name === name && change.status === 'succeeded').length
  await when(() => succeeded('match') === 3)
  t.deepEqual(await scheduler.runs.list(null, { name: 'sync' }), [])
  await database.transaction(undefined, trx => scheduler.switches.on(trx, job))
  await when(() => succeeded('sync') === 1)
  t.pass()
})

onEachStore('a failed run is queued again, with new attempts', async (t, storeOf) => {
  const database = await emptyDatabase(t)
  const { scheduler, queue, reached } = fixture(t, storeOf, database)
  let broken = true
  scheduler.define({
    ...job,
    retries: 1,
    async run({ attempt }) {
      if (broken) throw new Error('no')
      return attempt
    },
  })
  await scheduler.start()
  const id = await queue({ ...job, data: {} })
  await reached(id, 'failed')
  broken = false
  const again = () => database.transaction(undefined, trx => scheduler.retry(trx, { id, ...job }))
  t.true(await again())
  t.false(await again(), 'it is queued already')
  scheduler.nudge()
  await reached(id, 'succeeded')
  t.like(await scheduler.runs.findAny(id), { attempts: 3, maxAttempts: 4, result: 3, error: null })
  t.false(await again(), 'what succeeded is not done again')
})
