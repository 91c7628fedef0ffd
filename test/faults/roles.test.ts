import path from 'node:path'
import test from 'ava'
import { Client } from './client.ts'
import { quickServer } from './counting.ts'
import { onSqlServer } from './databases.ts'
import { eventually, launch, startServer, temporaryFolder } from './server.ts'
import { newTenant } from './tenant.ts'

const plugins = { PLUGIN_DIRS: path.join(import.meta.dirname, 'role-plugins') }

onSqlServer(
  'what a device sends to an ingest process is done by a worker and seen at an api process',
  async (t, { env }) => {
    const start = (role: string) =>
      startServer(t, { env: { ...env, ...plugins, ROLE: role, ERRANDS_BY: role }, script: quickServer })
    const [api, ingest, worker] = [await start('api'), await start('ingest'), await start('worker')]
    const tenant = await newTenant(api.url)
    const device = new Client(ingest.url, { 'x-errand': `errand@${tenant.id}` })
    await eventually('the ingest process to know the tenant', async () => {
      return (await device.post('/v1/errands', { name: 'bread' })).status === 202
    })
    const expected = ['bread: event by worker', 'bread: job by worker']
    await eventually('the worker to do it', async () => {
      const { body } = await tenant.client.get('/errands')
      return JSON.stringify(body) === JSON.stringify(expected)
    })
    const refused = await tenant.client.at(ingest.url).get('/errands')
    t.is(refused.status, 404)
    t.regex(refused.body.detail, /only serves devices/)
    t.is((await tenant.client.at(worker.url).get('/errands')).status, 404)
    for (const server of [api, ingest, worker]) t.deepEqual(await server.end(), { code: 0, signal: null })
  },
)

test('on SQLite a process that does not do everything does not start, and says what to do', async t => {
  for (const ROLE of ['api', 'ingest', 'worker', 'ingest,worker']) {
    const server = await launch(t, { env: { DATA_DIR: temporaryFolder(t), ROLE } })
    t.deepEqual(await server.exited, { code: 1, signal: null }, ROLE)
    t.is(
      server.stderr,
      `the role ${ROLE.replace(',', ', ')} needs SQL Server: SQLite serves one process, so that one does everything. ` +
        'Leave out --role and ROLE, or name a server with DATABASE_URL.\n',
    )
  }
})
