import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { sampleAsset, sampleInput, sampleSize, sampleTenant } from '../sample.ts'
import { installPeer, run } from './install.ts'
import type { Peer } from './peer.ts'
import { dropPageIndex, seedPeer } from './seed.ts'
import { freePort, startNode } from './start.ts'

const version = '12.4.1'
const password = 'Benchmark-1'
const admin = 'admin@example.com'
const reader = 'reader@example.com'
const text = ['name', 'type', 'producer', 'model', 'version', 'ip_address', 'mac_address', 'criticality', 'lifecycle']

/** Directus on SQLite; installed and set up on the first call, which takes some minutes. */
export async function startPeer(index: boolean): Promise<Peer> {
  const folder = await installPeer({
    folder: `directus-${version}`,
    dependencies: { directus: version },
    // The admin app is only files to serve; isolated-vm 5 cannot be built for Node 24, 6 brings its binaries.
    overrides: { '@directus/app': '18.0.0', 'isolated-vm': '6.1.2' },
    build: ['sqlite3'],
  })
  const template = join(folder, 'template.db')
  if (!existsSync(template)) await setUp(folder, template)
  const file = join(folder, 'run.db')
  for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true })
  copyFileSync(template, file)
  if (!index) dropPageIndex(file)
  const server = await start(folder, file)
  const token = await logIn(server.url, reader)
  const items = `${server.url}/items/assets`
  return {
    name: `Directus ${version}`,
    pid: server.pid,
    url: server.url,
    // Row rules in a policy are a paid feature of Directus 12, so the tenant is a filter in the address.
    listUrl: `${items}?limit=50&sort=-created_at,-id&filter[tenant_id][_eq]=${sampleTenant}`,
    readUrl: `${items}/${sampleAsset(sampleSize - 1).id}`,
    createUrl: items,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    createBody: i => ({ ...sampleInput(sampleSize + i), tenant_id: sampleTenant }),
    stop: server.stop,
  }
}

/** Makes the database: system tables, collection, a policy to read and create assets, a user with it, the sample. */
async function setUp(folder: string, template: string): Promise<void> {
  const file = join(folder, 'setup.db')
  for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true })
  await run(process.execPath, [cli(folder), 'bootstrap'], folder, settings(file, 0))
  const server = await start(folder, file)
  try {
    const token = await logIn(server.url, admin)
    const post = (path: string, body: unknown) => ask(server.url + path, body, token)
    await post('/collections', { collection: 'assets', schema: {}, meta: {}, fields: fields() })
    const rule = { collection: 'assets', fields: ['*'], permissions: null, validation: null }
    const rules = ['read', 'create'].map(action => ({ ...rule, action }))
    const policy = await post('/policies', {
      name: 'Assets',
      admin_access: false,
      app_access: false,
      permissions: { create: rules, update: [], delete: [] },
    })
    const policies = { create: [{ policy: { id: policy.id } }], update: [], delete: [] }
    const role = await post('/roles', { name: 'Reader', policies })
    await post('/users', { email: reader, password, role: role.id })
  } finally {
    await server.stop()
  }
  seedPeer(file, ({ cpes, created_at, updated_at, ...rest }) => ({
    ...rest,
    cpes: JSON.stringify(cpes),
    created_at: Date.parse(created_at),
    updated_at: Date.parse(updated_at),
    tenant_id: sampleTenant,
  }))
  renameSync(file, template)
}

function fields(): unknown[] {
  const column = { schema: {} }
  const uuid = { type: 'uuid', meta: { special: ['uuid'] } }
  return [
    { field: 'id', ...uuid, schema: { is_primary_key: true } },
    ...text.map(field => ({ field, type: 'string', ...column })),
    { field: 'site_id', type: 'uuid', ...column },
    { field: 'tenant_id', type: 'uuid', ...column },
    { field: 'cpes', type: 'json', meta: { special: ['cast-json'] }, ...column },
    { field: 'created_at', type: 'timestamp', meta: { special: ['date-created'] }, ...column },
    { field: 'updated_at', type: 'timestamp', meta: { special: ['date-created', 'date-updated'] }, ...column },
  ]
}

async function start(folder: string, file: string) {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const env = settings(file, port)
  const { pid, stop } = await startNode([cli(folder), 'start'], { cwd: folder, env, ping: `${url}/server/ping` })
  return { url, pid, stop }
}

/** The API's own command line; the `directus` command would first ask the registry for a newer version. */
function cli(folder: string): string {
  return join(folder, 'node_modules/@directus/api/dist/cli/run.js')
}

function settings(file: string, port: number): Record<string, string> {
  return {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    SECRET: 'a-secret-of-the-benchmark-that-guards-nothing-at-all',
    DB_CLIENT: 'sqlite3',
    DB_FILENAME: file,
    ADMIN_EMAIL: admin,
    ADMIN_PASSWORD: password,
    ACCESS_TOKEN_TTL: '1d',
    LOG_LEVEL: 'silent',
    TELEMETRY: 'false',
    RATE_LIMITER_ENABLED: 'false',
    RATE_LIMITER_GLOBAL_ENABLED: 'false',
    PRESSURE_LIMITER_ENABLED: 'false',
    WEBSOCKETS_ENABLED: 'false',
    SERVE_APP: 'false',
  }
}

async function logIn(url: string, email: string): Promise<string> {
  return String((await ask(`${url}/auth/login`, { email, password })).access_token)
}

async function ask(url: string, body: unknown, token?: string): Promise<Record<string, unknown>> {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (token !== undefined) headers.authorization = `Bearer ${token}`
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  const answer = (await response.json()) as { data?: Record<string, unknown> }
  if (!response.ok || answer.data === undefined) throw new Error(`${url}: ${response.status} ${JSON.stringify(answer)}`)
  return answer.data
}
