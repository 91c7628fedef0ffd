import { onSqlServer } from './databases.ts'
import { discrepancies, Load, storedAssets } from './load.ts'
import { eventually, launch, startServer } from './server.ts'
import { TcpProxy } from './tcp-proxy.ts'
import { newTenant } from './tenant.ts'

const GONE_MS = Number(process.env.DATABASE_GONE_MS ?? 3_000)
const ROUNDS = 3

onSqlServer('the database goes and comes back: 503 meanwhile, then all is as before', async (t, { env, url }) => {
  const proxy = await TcpProxy.before(t, url)
  const server = await startServer(t, { env: { ...env, DATABASE_URL: proxy.through(url) } })
  const { client } = await newTenant(server.url)
  const load = new Load(t, client, { repeat: true })
  const held: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    await load.acknowledges(30)
    await proxy.cut()
    const back = Date.now() + GONE_MS
    await server.becomes(503)
    t.deepEqual((await server.ready())?.body, { status: 'unavailable', problems: { database: 'does not answer' } })
    const refused = await client.post('/assets', { name: 'while it is gone', type: 'plc' })
    t.is(`${refused.status} ${refused.body.error}`, '503 database_unavailable')
    t.true(Number(refused.headers['retry-after']) > 0)
    t.is((await client.get('/health/live')).status, 200)
    await eventually('the time to be over', () => Date.now() > back)
    await proxy.restore()
    await server.becomes(200)
    held.push(server.residentMegabytes())
  }
  await load.acknowledges(30)
  await load.stop()
  t.deepEqual(load.others('POST 201', 'GET 200', 'POST 503', 'GET 503', 'POST 409'), {}, server.errors)
  const stored = await storedAssets(client)
  t.deepEqual(discrepancies(load, stored), [])
  t.is(stored.size, load.sent.size)
  const [first = 0] = held
  t.true((held.at(-1) ?? 0) < first * 1.3 + 20, `MB after each round: ${held.map(Math.round).join(' ')}`)
  t.deepEqual(await server.end(), { code: 0, signal: null })
})

onSqlServer(
  'connections that are cut while they are idle are made anew without a failed request',
  async (t, { env, url }) => {
    const proxy = await TcpProxy.before(t, url)
    const server = await startServer(t, { env: { ...env, DATABASE_URL: proxy.through(url) } })
    const { client } = await newTenant(server.url)
    for (let round = 0; round < 5; round += 1) {
      proxy.drop()
      t.is((await client.get('/assets?limit=1')).status, 200)
      proxy.drop()
      t.is((await client.post('/assets', { name: `round ${round}`, type: 'plc' })).status, 201)
    }
  },
)

onSqlServer('SIGTERM while the database is gone ends the process all the same', async (t, { env, url }) => {
  const proxy = await TcpProxy.before(t, url)
  const settings = { ...env, DATABASE_URL: proxy.through(url), SHUTDOWN_TIMEOUT_SECONDS: '3' }
  const server = await startServer(t, { env: settings })
  await proxy.cut()
  await server.becomes(503)
  const { signal } = await server.end()
  t.is(signal, null)
})

onSqlServer(
  'a server that starts before its database waits for it, and can be stopped meanwhile',
  async (t, { env, url }) => {
    const proxy = await TcpProxy.before(t, url)
    await proxy.cut()
    const servers = await Promise.all(
      [0, 1].map(() => launch(t, { env: { ...env, DATABASE_URL: proxy.through(url) } })),
    )
    const [patient, stopped] = servers
    if (!patient || !stopped) return t.fail()
    for (const server of servers) {
      await eventually('it to wait', () => server.log.some(({ msg }) => msg.includes('waiting for it')))
      t.is((await server.ready())?.body.status, 'starting')
    }
    t.deepEqual(await stopped.end(), { code: 0, signal: null })
    await proxy.restore()
    await patient.becomes(200)
  },
)
