import { Balancer } from './balancer.ts'
import { onSqlServer } from './databases.ts'
import { discrepancies, Load, storedAssets } from './load.ts'
import { eventually, startServer } from './server.ts'
import { newTenant } from './tenant.ts'

onSqlServer('two instances are restarted one after the other under load, and no request fails', async (t, { env }) => {
  const settings = { ...env, SHUTDOWN_DELAY_SECONDS: '1' }
  const servers = await Promise.all([startServer(t, { env: settings }), startServer(t, { env: settings })])
  const balancer = await Balancer.before(
    t,
    servers.map(({ url }) => url),
  )
  const { client } = await newTenant(balancer.url)
  const load = new Load(t, client)
  await load.acknowledges(20)
  for (const server of servers) {
    t.deepEqual(await server.end(), { code: 0, signal: null })
    t.deepEqual(
      balancer.inService,
      servers.map(({ url }) => url).filter(url => url !== server.url),
    )
    await load.acknowledges(10)
    await startServer(t, { env: settings, port: server.port })
    await eventually('the balancer to take it in', () => balancer.inService.length === 2)
    await load.acknowledges(10)
  }
  await load.stop()
  t.deepEqual(load.others('POST 201', 'GET 200'), {}, JSON.stringify(load.refusals))
  t.deepEqual(discrepancies(load, await storedAssets(client)), [])
})
