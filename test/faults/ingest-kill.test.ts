import path from 'node:path'
import test from 'ava'
import Database from 'better-sqlite3'
import { allOf, IngestLoad, newDevice } from './ingest-load.ts'
import { startServer, temporaryFolder } from './server.ts'
import { newTenant } from './tenant.ts'

const ROUNDS = 5

test('kill -9 while devices send: every event that got its 204 is there and is told, and none twice', async t => {
  const env = { DATA_DIR: temporaryFolder(t), INGEST_REQUESTS_PER_MINUTE: '1000000' }
  let server = await startServer(t, { env })
  const { port } = server
  const tenant = await newTenant(server.url, ['security'])
  const { client } = tenant
  const keys = [await newDevice(tenant, 'one'), await newDevice(tenant, 'two'), await newDevice(tenant, 'three')]
  const load = new IngestLoad(t, server.url, keys)
  for (let round = 0; round < ROUNDS; round += 1) {
    await load.acknowledges(20)
    t.deepEqual(await server.end('SIGKILL'), { code: null, signal: 'SIGKILL' })
    server = await startServer(t, { env, port })
  }
  await load.acknowledges(10)
  await load.stop()

  const stored = (await allOf(client, '/ingest/events')).map(({ event_id }) => event_id)
  t.deepEqual(stored.toSorted(), [...load.acknowledged].toSorted())

  await server.end('SIGKILL')
  t.deepEqual(toldAlerts(env.DATA_DIR), [...load.acknowledged].filter(id => id.endsWith('-0')).toSorted())
  const faults = [...load.others.keys()].filter(
    outcome => !/^(ECONNREFUSED|ECONNRESET|EPIPE|503 starting)$/.test(outcome),
  )
  t.deepEqual(faults, [])
})

/** Ids of the alerts that stand in the outbox, each as often as it is told. */
function toldAlerts(folder: string): string[] {
  const db = new Database(path.join(folder, 'monozu.db'), { readonly: true })
  const rows = db
    .prepare<[], { payload: string }>("SELECT payload FROM outbox WHERE event = 'ingest.alert-raised'")
    .all()
  db.close()
  const alerts = rows.flatMap(({ payload }) => (JSON.parse(payload) as { alerts: { title: string }[] }).alerts)
  return alerts.map(({ title }) => title.replace('alert ', '')).toSorted()
}
