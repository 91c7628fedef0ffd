import test from 'ava'
import { discrepancies, Load, storedAssets } from './load.ts'
import { startServer, temporaryFolder } from './server.ts'
import { newTenant } from './tenant.ts'

test('SIGTERM under load: what was accepted is answered, what was stored was acknowledged, and the process ends with 0', async t => {
  const env = { DATA_DIR: temporaryFolder(t), SHUTDOWN_DELAY_SECONDS: '1' }
  const server = await startServer(t, { env })
  const { client } = await newTenant(server.url)
  const load = new Load(t, client, { workers: 8 })
  await load.acknowledges(50)
  server.signal('SIGTERM')
  await server.becomes(503)
  t.is((await server.ready())?.body.status, 'stopping')
  const before = load.acknowledged.size
  await load.acknowledges(20)
  t.true(load.acknowledged.size > before, 'requests are served while the balancer is told')
  t.deepEqual(await server.exited, { code: 0, signal: null })
  await load.stop()
  const refused = ['POST ECONNREFUSED', 'POST ECONNRESET', 'GET ECONNREFUSED', 'GET ECONNRESET']
  t.deepEqual(load.others('POST 201', 'GET 200', ...refused), {}, JSON.stringify(load.refusals))

  const again = await startServer(t, { env })
  const stored = await storedAssets(client.at(again.url))
  t.deepEqual(discrepancies(load, stored), [])
  t.deepEqual(
    [...stored.keys()].filter(name => !load.acknowledged.has(name)),
    [],
    'nothing was done and not answered',
  )
  t.deepEqual(await again.end(), { code: 0, signal: null })
})

test('SIGTERM while it starts ends the process with 0, and the next start goes on', async t => {
  const env = { DATA_DIR: temporaryFolder(t) }
  const server = await startServer(t, { env, until: 'listening' })
  t.deepEqual(await server.end(), { code: 0, signal: null }, server.stderr)
  const again = await startServer(t, { env })
  t.is((await again.ready())?.body.status, 'ok')
})

test('a second signal ends the process at once', async t => {
  const env = { DATA_DIR: temporaryFolder(t), SHUTDOWN_DELAY_SECONDS: '60' }
  const server = await startServer(t, { env })
  server.signal('SIGTERM')
  await server.becomes(503)
  t.deepEqual(await server.end('SIGINT'), { code: 1, signal: null })
})
