import { onSqlServer } from './databases.ts'
import { eventually, startServer } from './server.ts'
import { giveLicence, newTenant } from './tenant.ts'

/** Instances look every two seconds; the plugin has to start, too. */
const SEEN_WITHIN_MS = 10_000

onSqlServer('a licence that one instance hears of holds on the other without a restart', async (t, { env }) => {
  const servers = await Promise.all([startServer(t, { env }), startServer(t, { env })])
  const [here, there] = servers
  if (!here || !there) return t.fail()
  const { client, id } = await newTenant(here.url)
  const other = client.at(there.url)
  const seen = async (): Promise<string> => {
    const { status, body } = await other.get('/vulnerabilities?limit=1')
    return status === 200 ? 'on' : body.error
  }
  for (const [features, expected] of [
    [[], 'feature_disabled'],
    [['security'], 'on'],
    [[], 'feature_disabled'],
  ] as const) {
    await giveLicence(client, id, features)
    await eventually(`the other instance to say ${expected}`, async () => (await seen()) === expected, SEEN_WITHIN_MS)
  }
  t.deepEqual((await there.ready())?.body, { status: 'ok' })
})

onSqlServer('who is logged out at one instance is out at the other', async (t, { env }) => {
  const servers = await Promise.all([startServer(t, { env }), startServer(t, { env })])
  const [here, there] = servers
  if (!here || !there) return t.fail()
  const { client } = await newTenant(here.url)
  const other = client.at(there.url)
  t.is((await other.get('/me')).status, 200)
  const { body } = await client.get('/me/sessions')
  const [session] = body.items ?? body
  t.is((await client.send('DELETE', `/me/sessions/${session.id}`)).status, 204)
  await eventually('the other instance to refuse', async () => (await other.get('/me')).status === 401, SEEN_WITHIN_MS)
  t.pass()
})
