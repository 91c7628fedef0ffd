import { onSqlServer } from './databases.ts'
import { startServer } from './server.ts'
import { TcpProxy } from './tcp-proxy.ts'
import { newTenant } from './tenant.ts'

const CALLERS = 40
/** Twice what a request may wait for a connection, and more: nothing hangs. */
const LONGEST_MS = 15_000

onSqlServer(
  'with every connection in use, requests wait for a while and then get 503 with Retry-After',
  async (t, { env, url }) => {
    const proxy = await TcpProxy.before(t, url)
    const settings = { ...env, DATABASE_URL: proxy.through(url), SQL_POOL_SIZE: '2', SQL_POOL_WAIT_SECONDS: '2' }
    const server = await startServer(t, { env: settings })
    const { client } = await newTenant(server.url)
    t.is((await client.get('/assets?limit=1')).status, 200)
    proxy.delayMs = 700
    const begun = Date.now()
    const answers = await Promise.all(
      Array.from({ length: CALLERS }, (_, index) => client.post('/assets', { name: `caller ${index}`, type: 'plc' })),
    )
    t.true(Date.now() - begun < LONGEST_MS, `${Date.now() - begun} ms`)
    const refused = answers.filter(({ status }) => status === 503)
    const done = answers.filter(({ status }) => status === 201)
    t.is(refused.length + done.length, CALLERS, JSON.stringify(answers.map(({ status }) => status)))
    t.true(refused.length > 0 && done.length > 0, `${done.length} done, ${refused.length} refused`)
    for (const { body, headers } of refused) {
      t.is(body.error, 'database_unavailable')
      t.true(Number(headers['retry-after']) > 0)
    }
    proxy.delayMs = 0
    await server.becomes(200)
    t.is((await client.post('/assets', { name: 'afterwards', type: 'plc' })).status, 201)
    const { body } = await client.get('/assets?limit=200&count=true')
    t.is(body.count, done.length + 1, 'what was refused was not done')
  },
)
