import { Readable } from 'node:stream'
import test from 'ava'
import { TenantDb } from '../../../kernel/data/tenant-db.ts'
import {
  beginIdempotent,
  finishIdempotent,
  holdIdempotencyKey,
  type IdempotentRequest,
  KEPT_MS,
  LARGEST_ANSWER,
  purgeIdempotencyKeys,
} from '../../../kernel/http/idempotency.ts'
import { type Scene, scene } from '../events/scene.ts'

const requestOf = (s: Scene, more: Partial<IdempotentRequest> = {}): IdempotentRequest => ({
  tenantId: s.tenants[0],
  actorId: 'u1',
  key: 'key-1',
  method: 'POST',
  path: '/assets',
  requestHash: 'hash-1',
  now: s.now(),
  ...more,
})

const dbOf = (s: Scene, tenantId = s.tenants[0]): TenantDb => new TenantDb(s.database, tenantId, new Set())

type Answer = Parameters<typeof finishIdempotent>[2]

/** The whole write, as the route runner does it. */
async function once(s: Scene, request: IdempotentRequest, work: () => Promise<Answer>): Promise<unknown> {
  const db = dbOf(s, request.tenantId)
  return db.transaction(async () => {
    const begun = await beginIdempotent(db, request)
    if (begun.kind === 'repeat') return begun
    const answer = await work()
    await finishIdempotent(db, request, answer)
    return 'done'
  })
}

const created: Answer = { status: 201, body: { id: 'a1' }, headers: { ETag: '"1"' } }
const never = async (): Promise<Answer> => {
  throw new Error('must not run')
}

test('a repeat gets the first answer and does nothing', async t => {
  const s = await scene(t)
  t.is(await once(s, requestOf(s), async () => created), 'done')
  t.deepEqual(await once(s, requestOf(s), never), { kind: 'repeat', ...created })
})

test('an answer without a body is repeated as such', async t => {
  const s = await scene(t)
  await once(s, requestOf(s), async () => ({ status: 204, body: undefined }))
  t.deepEqual(await once(s, requestOf(s), never), { kind: 'repeat', status: 204, body: undefined, headers: undefined })
})

test('another request under the same key is refused', async t => {
  const s = await scene(t)
  await once(s, requestOf(s), async () => created)
  await t.throwsAsync(once(s, requestOf(s, { requestHash: 'hash-2' }), never), { code: 'idempotency_key_reused' })
})

test('the same key of another actor, path, tenant or case is another key', async t => {
  const s = await scene(t)
  const others: Partial<IdempotentRequest>[] = [
    {},
    { actorId: 'u2' },
    { path: '/sites' },
    { tenantId: s.tenants[1] },
    { key: 'KEY-1' },
  ]
  for (const other of others) t.is(await once(s, requestOf(s, other), async () => created), 'done')
})

test('work that fails leaves nothing, so that it can be sent again', async t => {
  const s = await scene(t)
  const failing = once(s, requestOf(s), async () => {
    throw new Error('no')
  })
  await t.throwsAsync(failing, { message: 'no' })
  t.deepEqual(await s.db.table('idempotency_keys').select(), [])
  t.is(await once(s, requestOf(s), async () => created), 'done')
})

test('of two at the same time one does the work, the other gets its answer', async t => {
  const s = await scene(t)
  let runs = 0
  const work = async (): Promise<Answer> => {
    runs++
    return created
  }
  const answers = await Promise.all([once(s, requestOf(s), work), once(s, requestOf(s), work)])
  t.is(runs, 1)
  t.deepEqual(answers, ['done', { kind: 'repeat', ...created }])
})

test('one that commits between the look and the claim, as can be on SQL Server, is repeated', async t => {
  const s = await scene(t)
  await once(s, requestOf(s), async () => created)
  const db = dbOf(s)
  let looks = 0
  const late = new Proxy(db, {
    get: (target, name) => {
      if (name === 'first' && looks++ === 0) return async () => undefined
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const begun = await db.transaction(() => beginIdempotent(late, requestOf(s)))
  t.deepEqual(begun, { kind: 'repeat', ...created })
})

test('a key that is held is in use until it is let go', async t => {
  const s = await scene(t)
  const held = holdIdempotencyKey(requestOf(s))
  const refused = t.throws(() => holdIdempotencyKey(requestOf(s)), { code: 'idempotency_key_in_use' })
  t.like(refused, { headers: { 'Retry-After': '1' } })
  holdIdempotencyKey(requestOf(s, { actorId: 'u2' }))[Symbol.dispose]()
  held[Symbol.dispose]()
  t.notThrows(() => holdIdempotencyKey(requestOf(s))[Symbol.dispose]())
})

test('a key that was claimed and not finished is in use', async t => {
  const s = await scene(t)
  await beginIdempotent(dbOf(s), requestOf(s))
  await t.throwsAsync(beginIdempotent(dbOf(s), requestOf(s)), { code: 'idempotency_key_in_use' })
})

test('a key is 1 to 255 printable ASCII characters', async t => {
  const s = await scene(t)
  for (const key of ['', 'x'.repeat(256), 'a\nb', 'schlüssel', 'a\u007f']) {
    t.throws(() => holdIdempotencyKey(requestOf(s, { key })), { code: 'malformed' }, JSON.stringify(key))
  }
  for (const key of ['x', 'x'.repeat(255), '"8e03978e-40d5-43dd-bc93-6894a57f9324"', 'a b']) {
    t.notThrows(() => holdIdempotencyKey(requestOf(s, { key }))[Symbol.dispose](), key)
  }
})

test('what is too large, a stream, bytes or secret is not kept, and a repeat is told so', async t => {
  const s = await scene(t)
  const answers: Answer[] = [
    { status: 201, body: 'x'.repeat(LARGEST_ANSWER) },
    { status: 200, body: Readable.from(['x']) },
    { status: 200, body: Buffer.from('x') },
    { status: 201, body: { key: 'mzk_1' }, keep: false },
  ]
  for (const [n, answer] of answers.entries()) {
    const request = requestOf(s, { key: String(n) })
    t.is(await once(s, request, async () => answer), 'done')
    await t.throwsAsync(once(s, request, never), { code: 'conflict', message: /was done, but its answer was not kept/ })
  }
  t.deepEqual(await s.db.table('idempotency_keys').whereLike('response', '%mzk%'), [])
})

test('after a day the key is free, and expired ones are deleted', async t => {
  const s = await scene(t)
  await once(s, requestOf(s), async () => created)
  await once(s, requestOf(s, { key: 'key-2' }), async () => created)
  s.advance(KEPT_MS)
  t.is(await once(s, requestOf(s, { requestHash: 'hash-2' }), async () => created), 'done')
  t.false(await purgeIdempotencyKeys(s.db, s.now()))
  const rows: { idempotency_key: string }[] = await s.db.table('idempotency_keys').select('idempotency_key')
  t.deepEqual(rows, [{ idempotency_key: 'key-1' }])
})
