import { onSqlServer } from './databases.ts'
import { discrepancies, Load, storedAssets } from './load.ts'
import { startServer } from './server.ts'
import { TcpProxy } from './tcp-proxy.ts'
import { newTenant } from './tenant.ts'

onSqlServer(
  'a slow database makes answers slow, not wrong, and the instance stays in service',
  async (t, { env, url }) => {
    const proxy = await TcpProxy.before(t, url)
    const server = await startServer(t, { env: { ...env, DATABASE_URL: proxy.through(url) } })
    const { client } = await newTenant(server.url)
    proxy.delayMs = 150
    const load = new Load(t, client)
    await load.acknowledges(4)
    t.is((await server.ready())?.status, 200)
    await load.stop()
    proxy.delayMs = 0
    t.deepEqual(load.others('POST 201', 'GET 200'), {}, JSON.stringify(load.refusals))
    t.deepEqual(discrepancies(load, await storedAssets(client)), [])
  },
)

onSqlServer(
  'a database that hangs makes the instance not ready; when it goes on, what waited is done',
  async (t, { env, url }) => {
    const proxy = await TcpProxy.before(t, url)
    const server = await startServer(t, { env: { ...env, DATABASE_URL: proxy.through(url) } })
    const { client } = await newTenant(server.url)
    const load = new Load(t, client)
    await load.acknowledges(10)
    proxy.freeze()
    await server.becomes(503)
    t.is((await client.get('/health/live')).status, 200)
    proxy.thaw()
    await server.becomes(200)
    await load.acknowledges(10)
    await load.stop()
    t.deepEqual(load.others('POST 201', 'GET 200'), {}, JSON.stringify(load.refusals))
    t.deepEqual(discrepancies(load, await storedAssets(client)), [])
  },
)
