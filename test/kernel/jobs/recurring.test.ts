import type { JobRepository } from 'agenda'
import { inside, onEachStore } from './each-store.ts'
import { addTenant, databaseFile, emptyDatabase, open, openAgain } from './job-database.ts'
import { fixture } from './scheduler-fixture.ts'

const job = { plugin: 'feeds', name: 'sync', scope: 'platform' } as const

/** When the clock of the job strikes next. */
const nextTick = async (agenda: JobRepository): Promise<string | undefined> =>
  (await agenda.queryJobs({ name: 'feeds/sync@every' })).jobs[0]?.nextRunAt?.toISOString()

onEachStore('a recurring job runs by itself, again and again', async (t, storeOf) => {
  const { scheduler, when, changes } = fixture(t, storeOf, await emptyDatabase(t), { timing: { pollMs: 20 } })
  scheduler.define({ ...job, every: '0.05 seconds', run: async () => null })
  await scheduler.start()
  await when(() => changes.filter(change => change.status === 'succeeded').length === 3)
  t.is(new Set(changes.map(change => change.id)).size, 3)
})

onEachStore('a restart does not bring the next run forward, another interval does', async (t, storeOf) => {
  const database = await emptyDatabase(t)
  const agenda = await inside(t, storeOf(database))
  const next = (): Promise<string | undefined> => nextTick(agenda)
  const first = fixture(t, storeOf, database)
  first.scheduler.define({ ...job, every: '2 hours', run: async () => null })
  await first.scheduler.start()
  await first.when(() => first.changes.some(change => change.status === 'succeeded'))
  await first.scheduler.stop({ drainMs: 1000 })
  const planned = await next()
  t.true(Date.parse(String(planned)) > Date.now() + 60 * 60_000)

  const second = fixture(t, storeOf, database)
  second.scheduler.define({ ...job, every: '2 hours', run: async () => null })
  await second.scheduler.start()
  await second.scheduler.stop({ drainMs: 1000 })
  t.is(await next(), planned)
  t.is(second.changes.length, 0)

  const third = fixture(t, storeOf, database)
  third.scheduler.define({ ...job, every: '5 minutes', run: async () => null })
  await third.scheduler.start()
  await third.when(() => third.changes.some(change => change.status === 'succeeded'))
  t.true(Date.parse(String(await next())) < Date.parse(String(planned)))
})

onEachStore('a cron line is read in UTC and does not run at once', async (t, storeOf) => {
  const database = await emptyDatabase(t)
  const { scheduler } = fixture(t, storeOf, database)
  scheduler.define({ ...job, every: '0 2 * * *', run: async () => null })
  await scheduler.start()
  t.regex(String(await nextTick(await inside(t, storeOf(database)))), /T02:00:00\.000Z$/)
})

onEachStore('of two processes one runs it', async (t, storeOf) => {
  const filename = await databaseFile(t)
  const one = fixture(t, storeOf, await open(t, filename))
  const other = fixture(t, storeOf, await openAgain(t, filename))
  let calls = 0
  for (const { scheduler } of [one, other]) {
    scheduler.define({ ...job, every: '1 hour', run: async () => void calls++ })
    scheduler.define({ ...job, name: 'after', run: async () => null })
  }
  await Promise.all([one.scheduler.start(), other.scheduler.start()])
  const done = (f: typeof one) => f.when(() => f.changes.some(change => change.status === 'succeeded'))
  await Promise.race([done(one), done(other)])
  for (const f of [one, other]) await f.reached(await f.queue({ ...job, name: 'after', data: {} }), 'succeeded')
  t.is(calls, 1)
  t.is((await one.scheduler.runs.list(null, { name: 'sync' })).length, 1)
})

onEachStore('a tenant’s recurring job makes one run for each tenant of the plugin', async (t, storeOf) => {
  const database = await emptyDatabase(t)
  const [one, other, off] = [await addTenant(database), await addTenant(database), await addTenant(database)]
  const tenantsFor = (plugin: string): string[] => (plugin === 'feeds' ? [one, other] : [off])
  const { scheduler, when, changes } = fixture(t, storeOf, database, { tenantsFor })
  scheduler.define({ ...job, scope: 'tenant', every: '1 hour', run: async ({ tenantId }) => tenantId })
  await scheduler.start()
  await when(() => changes.filter(change => change.status === 'succeeded').length === 2)
  t.deepEqual(
    (await scheduler.runs.list(one)).map(run => run.result),
    [one],
  )
  t.deepEqual(
    (await scheduler.runs.list(other)).map(run => run.result),
    [other],
  )
  t.deepEqual([...(await scheduler.runs.list(off)), ...(await scheduler.runs.list(null))], [])
})

onEachStore('a tenant whose last run is under way gets no second one', async (t, storeOf) => {
  const database = await emptyDatabase(t)
  const [busy, free] = [await addTenant(database), await addTenant(database)]
  const { scheduler, when, changes } = fixture(t, storeOf, database, {
    tenantsFor: () => [busy, free],
    timing: { pollMs: 20 },
  })
  const release = Promise.withResolvers<void>()
  t.teardown(() => release.resolve())
  scheduler.define({
    ...job,
    scope: 'tenant',
    every: '0.05 seconds',
    concurrency: 2,
    run: async ({ tenantId }) => (tenantId === busy ? release.promise : undefined),
  })
  await scheduler.start()
  await when(() => changes.filter(change => change.status === 'succeeded').length === 3)
  t.is((await scheduler.runs.list(busy)).length, 1)
  t.true((await scheduler.runs.list(free)).length >= 3)
})

onEachStore('a clock that struck while the database was gone strikes again soon', async (t, storeOf) => {
  const database = await emptyDatabase(t)
  const tenant = await addTenant(database)
  let asked = 0
  const tenantsFor = (): string[] => {
    if (asked++ === 0) throw new Error('connection lost')
    return [tenant]
  }
  const { scheduler, when, changes } = fixture(t, storeOf, database, { tenantsFor, timing: { pollMs: 50 } })
  scheduler.define({ ...job, scope: 'tenant', every: '1 hour', run: async () => null })
  await scheduler.start()
  await when(() => changes.some(change => change.status === 'succeeded'))
  t.is((await scheduler.runs.list(tenant)).length, 1)
})
