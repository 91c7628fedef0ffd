import test from 'ava'
import { discrepancies, Load, storedAssets } from './load.ts'
import { startServer, temporaryFolder } from './server.ts'
import { newTenant } from './tenant.ts'

const ROUNDS = 3

test('kill -9 under load, again and again: every acknowledged write is there, and none was done twice', async t => {
  const env = { DATA_DIR: temporaryFolder(t) }
  let server = await startServer(t, { env })
  const { port } = server
  const { client } = await newTenant(server.url)
  const load = new Load(t, client, { workers: 8, repeat: true })
  for (let round = 0; round < ROUNDS; round += 1) {
    await load.acknowledges(100)
    t.deepEqual(await server.end('SIGKILL'), { code: null, signal: 'SIGKILL' })
    server = await startServer(t, { env, port })
  }
  await load.acknowledges(50)
  await load.stop()
  const stored = await storedAssets(client)
  t.deepEqual(discrepancies(load, stored), [])
  t.is(stored.size, load.sent.size, 'a write that was repeated until it was acknowledged is there')
  t.deepEqual(
    load.refusals.filter(refusal => (refusal as { error?: string }).error !== 'starting'),
    [],
  )
})
