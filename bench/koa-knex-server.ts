/**
 * The same three routes as most people would write them first: Koa, @koa/router, koa-body on every request, Knex that
 * builds and prepares each query anew, and `jsonwebtoken.verify` of a string secret.
 */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import Router, { type RouterMiddleware } from '@koa/router'
import jwt from 'jsonwebtoken'
import knex from 'knex'
import Koa from 'koa'
import { koaBody } from 'koa-body'
import { type BenchClaims, benchClaims, benchPermissions, benchSecret } from './identity.ts'
import { assetColumns, openSampleFile, type StoredAsset } from './sample-file.ts'
import { serve, serverOptions } from './server-process.ts'

interface State {
  claims: BenchClaims
}

const { port, file } = serverOptions()
openSampleFile(file).close()
const db = knex({
  client: 'better-sqlite3',
  connection: { filename: file },
  useNullAsDefault: true,
  pool: {
    min: 1,
    max: 1,
    afterCreate(connection: { pragma(text: string): unknown }, done: (error: Error | null) => void) {
      connection.pragma('synchronous = FULL')
      done(null)
    },
  },
})

const router = new Router<State>()

router.get('/assets', may('assets:read'), async ctx => {
  const { limit: wanted, cursor } = ctx.query
  const limit = Math.min(Number(wanted ?? 50), 200)
  const query = db<StoredAsset>('assets')
    .select<StoredAsset[]>(assetColumns)
    .where('tenant_id', ctx.state.claims.tid)
    .orderBy([
      { column: 'created_at', order: 'desc' },
      { column: 'id', order: 'desc' },
    ])
    .limit(limit + 1)
  if (typeof cursor === 'string') {
    const [at = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split('|')
    query.whereRaw('(created_at, id) < (?, ?)', [at, id])
  }
  const rows = await query
  const items = rows.slice(0, limit).map(shown)
  const last = items.at(-1)
  const more = rows.length > limit && last !== undefined
  ctx.body = { items, next_cursor: more ? Buffer.from(`${last.created_at}|${last.id}`).toString('base64url') : null }
})

router.get('/assets/:id', may('assets:read'), async ctx => {
  const row: StoredAsset | undefined = await db('assets')
    .first(assetColumns)
    .where({ tenant_id: ctx.state.claims.tid, id: ctx.params.id ?? '' })
  if (row !== undefined) ctx.body = shown(row)
})

router.post('/assets', may('assets:create'), async ctx => {
  const at = new Date().toISOString()
  const input = ctx.request.body as Record<string, unknown>
  const asset = { id: randomUUID(), site_id: null, ...input, created_at: at, updated_at: at }
  await db('assets').insert({ ...asset, cpes: JSON.stringify(input.cpes), tenant_id: ctx.state.claims.tid })
  ctx.status = 201
  ctx.body = asset
})

const app = new Koa()
app.use(koaBody())
app.use(router.routes())
serve(createServer(app.callback()), port)

function may(permission: string): RouterMiddleware<State> {
  return async (ctx, next) => {
    const claims = verified(ctx.get('authorization').slice(7))
    if (claims === undefined) return ctx.throw(401)
    if (!benchPermissions.get(claims.sub)?.has(permission)) ctx.throw(403)
    ctx.state.claims = claims
    await next()
  }
}

function verified(token: string): BenchClaims | undefined {
  try {
    return benchClaims(jwt.verify(token, benchSecret))
  } catch {
    return undefined
  }
}

function shown(row: StoredAsset): Omit<StoredAsset, 'cpes'> & { cpes: unknown } {
  return { ...row, cpes: JSON.parse(row.cpes) }
}
