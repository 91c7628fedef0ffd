/**
 * The yardstick: a server written by hand on `node:http` that does the work of the three asset routes and nothing else.
 * `GET /assets` and `POST /assets` verify the token with a string secret, `GET /assets/:id` with a KeyObject.
 */
import { createSecretKey, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import jwt from 'jsonwebtoken'
import { type BenchClaims, benchClaims, benchPermissions, benchSecret } from './identity.ts'
import { assetColumns, openSampleFile, type StoredAsset } from './sample-file.ts'
import { serve, serverOptions } from './server-process.ts'

const { port, file } = serverOptions()
const db = openSampleFile(file)
const key = createSecretKey(Buffer.from(benchSecret))
const columns = assetColumns.join(', ')
const byId = db.prepare<[string, string], StoredAsset>(`SELECT ${columns} FROM assets WHERE tenant_id = ? AND id = ?`)
const order = 'ORDER BY created_at DESC, id DESC LIMIT ?'
const firstPage = db.prepare<[string, number], StoredAsset>(
  `SELECT ${columns} FROM assets WHERE tenant_id = ? ${order}`,
)
const nextPage = db.prepare<[string, string, string, number], StoredAsset>(
  `SELECT ${columns} FROM assets WHERE tenant_id = ? AND (created_at, id) < (?, ?) ${order}`,
)
const insert = db.prepare(
  `INSERT INTO assets (${columns}, tenant_id) VALUES (${assetColumns.map(name => `@${name}`)}, @tenant_id)`,
)

const server = createServer((req, res) => {
  const url = req.url ?? '/'
  const mark = url.indexOf('?')
  const path = mark === -1 ? url : url.slice(0, mark)
  if (path === '/assets') {
    if (req.method === 'GET') return list(req, res, mark === -1 ? '' : url.slice(mark + 1))
    if (req.method === 'POST') return create(req, res)
  }
  if (req.method === 'GET' && path.startsWith('/assets/')) return read(req, res, path.slice(8))
  send(res, 404, { error: 'not_found' })
})
serve(server, port)

function list(req: IncomingMessage, res: ServerResponse, search: string): void {
  const claims = allowed(req, res, benchSecret, 'assets:read')
  if (claims === undefined) return
  const query = new URLSearchParams(search)
  const limit = Math.min(Number(query.get('limit') ?? 50), 200)
  const after = query.get('cursor')
  const rows = after === null ? firstPage.all(claims.tid, limit + 1) : pageAfter(claims.tid, after, limit)
  const items = rows.slice(0, limit).map(shown)
  const last = items.at(-1)
  send(res, 200, { items, next_cursor: rows.length > limit && last !== undefined ? cursorOf(last) : null })
}

function read(req: IncomingMessage, res: ServerResponse, id: string): void {
  const claims = allowed(req, res, key, 'assets:read')
  if (claims === undefined) return
  const row = byId.get(claims.tid, id)
  if (row === undefined) send(res, 404, { error: 'not_found' })
  else send(res, 200, shown(row))
}

function create(req: IncomingMessage, res: ServerResponse): void {
  const claims = allowed(req, res, benchSecret, 'assets:create')
  if (claims === undefined) return
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  req.on('end', () => {
    const at = new Date().toISOString()
    const input = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>
    const asset = { id: randomUUID(), site_id: null, ...input, created_at: at, updated_at: at }
    insert.run({ ...asset, cpes: JSON.stringify(input.cpes), tenant_id: claims.tid })
    send(res, 201, asset)
  })
}

function allowed(
  req: IncomingMessage,
  res: ServerResponse,
  secret: jwt.Secret,
  permission: string,
): BenchClaims | undefined {
  try {
    const claims = benchClaims(jwt.verify((req.headers.authorization ?? '').slice(7), secret))
    if (claims !== undefined && benchPermissions.get(claims.sub)?.has(permission)) return claims
    send(res, 403, { error: 'forbidden' })
  } catch {
    send(res, 401, { error: 'unauthorized' })
  }
  return undefined
}

function pageAfter(tenant: string, cursor: string, limit: number): StoredAsset[] {
  const [at = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split('|')
  return nextPage.all(tenant, at, id, limit + 1)
}

function cursorOf(row: Pick<StoredAsset, 'created_at' | 'id'>): string {
  return Buffer.from(`${row.created_at}|${row.id}`).toString('base64url')
}

function shown(row: StoredAsset): Omit<StoredAsset, 'cpes'> & { cpes: unknown } {
  return { ...row, cpes: JSON.parse(row.cpes) }
}

function send(res: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  res.end(text)
}
