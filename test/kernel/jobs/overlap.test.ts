import { onEachStore } from './each-store.ts'
import { addTenant, emptyDatabase } from './job-database.ts'
import { fixture } from './scheduler-fixture.ts'

const job = { plugin: 'assets', name: 'import', scope: 'tenant' } as const

onEachStore('no more runs at once than allowed, also when their locks expire', async (t, storeOf) => {
  // No heartbeat renews the lock, as when the process is frozen: Agenda believes that the run is over.
  const timing = { pollMs: 20, lockMs: 300, heartbeatMs: 60_000 }
  const database = await emptyDatabase(t)
  const { scheduler, queue, reached } = fixture(t, storeOf, database, { timing })
  const tenantId = await addTenant(database)
  let [atOnce, most] = [0, 0]
  const started: string[] = []
  scheduler.define({
    ...job,
    async run({ id }) {
      started.push(id)
      most = Math.max(most, ++atOnce)
      await new Promise(resolve => setTimeout(resolve, 4 * timing.lockMs))
      atOnce--
    },
  })
  await scheduler.start()
  const ids: string[] = []
  for (let n = 0; n < 2; n++) ids.push(await queue({ plugin: job.plugin, name: job.name, tenantId, data: {} }))
  for (const id of ids) await reached(id, 'succeeded')
  t.is(most, 1)
  t.deepEqual(started.sort(), ids.sort())
})
