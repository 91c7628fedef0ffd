import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { onEachDatabase, onSqlite, onSqlServer } from './databases.ts'
import { eventually, launch, startServer, temporaryFolder } from './server.ts'
import { newTenant } from './tenant.ts'

const root = pathToFileURL(path.join(import.meta.dirname, '../..')).href
const GOOD = "schema.sql('CREATE TABLE fault_second (id int)')"
const TORN = `${GOOD}; schema.sql('INSERT INTO fault_nowhere (id) VALUES (1)'); schema.sql('CREATE TABLE fault_third (id int)')`

/** A folder of plugins with one whose second migration is this one; its route counts what its migrations made. */
function pluginFolder(folder: string, second: string): string {
  const plugin = path.join(folder, 'brittle')
  mkdirSync(path.join(plugin, 'migrations'), { recursive: true })
  const migration = (body: string) =>
    `import { migration } from '${root}/db/migration.ts'\nexport default migration(schema => { ${body} })\n`
  const put = (name: string, text: string): void => writeFileSync(path.join(plugin, name), text)
  put('migrations/V1__first.ts', migration("schema.sql('CREATE TABLE fault_first (id int)')"))
  put('migrations/V2__second.ts', migration(second))
  put(
    'plugin.ts',
    `import { definePlugin } from '${root}/kernel/contract.ts'
export default definePlugin({
  name: 'brittle', version: '1.0.0', title: 'Brittle', segments: ['brittle'],
  permissions: { 'brittle:read': 'Read' }, sharedTables: ['fault_first', 'fault_second'],
  migrations: '${plugin}/migrations',
  setup(kit) {
    kit.route('GET /brittle', {
      summary: 'Rows', permission: 'brittle:read',
      handle: async (_input, { call }) => [await call.db.shared('fault_first'), await call.db.shared('fault_second')],
    })
  },
})
`,
  )
  return folder
}

onEachDatabase(
  'a migration that fails half-way leaves nothing, says why, and the next start goes on',
  async (t, { env }) => {
    const folder = pluginFolder(temporaryFolder(t), TORN)
    const withPlugin = { ...env, PLUGIN_DIRS: folder }
    const server = await startServer(t, { env: withPlugin })
    t.deepEqual(await server.ready(), { status: 200, body: { status: 'degraded', problems: { brittle: 'failed' } } })
    const { client } = await newTenant(server.url)
    t.is((await client.get('/brittle')).status, 503)
    t.is((await client.get('/assets')).status, 200, 'the others serve')
    const line = server.log.find(({ msg }) => msg === 'plugin brittle failed')
    t.regex(JSON.stringify(line), /fault_nowhere/)
    t.true(server.log.some(({ msg }) => msg.startsWith('applied V1__first.sql')))
    t.deepEqual(await server.end(), { code: 0, signal: null })

    pluginFolder(folder, GOOD)
    const mended = await startServer(t, { env: withPlugin })
    t.deepEqual((await mended.ready())?.body, { status: 'ok' })
    t.deepEqual(
      mended.log
        .map(({ msg }) => msg)
        .filter(msg => /^applied/.test(msg))
        .map(msg => msg.replace(/ in .*/, '')),
      ['applied V2__second.sql'],
      'V1 is not applied again, and nothing is left of the V2 that failed',
    )
    t.deepEqual((await client.at(mended.url).get('/brittle')).body, [[], []])
  },
  'bare',
)

onSqlite('of two processes that start at once, one serves and the other says why it does not', async (t, { env }) => {
  const servers = await Promise.all([launch(t, { env }), launch(t, { env })])
  const refused = await Promise.race(servers.map(async server => ({ server, exit: await server.exited })))
  t.is(refused.exit.code, 1)
  t.regex(refused.server.stderr, /another process is using .*monozu\.db/)
  const serving = servers.find(server => server !== refused.server)
  await serving?.becomes(200)
  t.is((await serving?.ready())?.body.status, 'ok')
})

onSqlServer(
  'two instances that start on an empty database at once migrate it once, and both serve',
  async (t, { env }) => {
    const servers = await Promise.all([launch(t, { env }), launch(t, { env })])
    await Promise.all(servers.map(server => server.becomes(200)))
    const applied = servers.flatMap(({ log }) => log.map(({ msg }) => msg).filter(msg => /^applied V/.test(msg)))
    const scripts = applied.map(msg => msg.replace(/ in .*/, ''))
    t.true(scripts.length > 20)
    t.deepEqual([...new Set(scripts)].sort(), scripts.toSorted(), 'each once')
    const { client } = await newTenant(servers[0].url)
    for (const { url } of servers) {
      await eventually('the licence is known', async () => (await client.at(url).get('/assets')).status === 200)
    }
  },
  'bare',
)

onSqlite(
  'a process that is killed while it migrates leaves a database that the next start brings up',
  async (t, { env }) => {
    const server = await launch(t, { env })
    await eventually('the first migrations', () => server.log.some(({ msg }) => msg.startsWith('applied V12')))
    await server.end('SIGKILL')
    const again = await startServer(t, { env })
    t.is((await again.ready())?.body.status, 'ok')
  },
)

test('the log of a rejected plugin names its folder to operators, not to everybody', async t => {
  const folder = temporaryFolder(t)
  mkdirSync(path.join(folder, 'wrong'))
  writeFileSync(path.join(folder, 'wrong', 'plugin.ts'), 'export default 1\n')
  const server = await startServer(t, { env: { DATA_DIR: temporaryFolder(t), PLUGIN_DIRS: folder } })
  t.deepEqual((await server.ready())?.body, { status: 'degraded', problems: { wrong: 'rejected' } })
})
