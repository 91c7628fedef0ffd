import test from 'ava'
import { newId } from '../../../kernel/data/id.ts'
import { type Resealed, resealAll } from '../../../kernel/secrets/reseal.ts'
import { createSealer } from '../../../kernel/secrets/sealed.ts'
import { type Scene, scene } from '../events/scene.ts'

const OLD = 'the-old-secret-key-0123456789-0123456789'
const NEW = 'the-new-secret-key-0123456789-0123456789'
const { signal } = new AbortController()
const columns = [{ table: 'users', key: 'id', column: 'totp_secret', purpose: 'totp' }]

async function user(s: Scene, totp_secret: (id: string) => string | null): Promise<string> {
  const id = newId()
  const email = `${id}@plant.example`
  const times = { created_at: s.now(), updated_at: s.now() }
  const row = {
    id,
    tenant_id: s.tenants[0],
    email,
    email_key: email,
    name: 'Ada',
    totp_secret: totp_secret(id),
    ...times,
  }
  await s.db.table('users').insert(row)
  return id
}

const secretOf = async (s: Scene, id: string): Promise<string> =>
  (await s.db.table('users').where('id', id).first('totp_secret')).totp_secret

test('what was sealed under the previous key opens without it afterwards', async t => {
  const s = await scene(t)
  const old = createSealer(OLD)
  const ids: string[] = []
  for (let n = 0; n < 205; n++) ids.push(await user(s, id => old.seal('totp', `secret of ${id}`, id)))
  await user(s, () => null)
  const done = await resealAll(s.db, createSealer(NEW, OLD), columns, signal)
  t.deepEqual(done, { resealed: 205, unreadable: 0 } satisfies Resealed)
  const present = createSealer(NEW)
  for (const id of ids) t.is(present.open('totp', await secretOf(s, id), id), `secret of ${id}`)
  t.deepEqual(await resealAll(s.db, createSealer(NEW, OLD), columns, signal), { resealed: 0, unreadable: 0 })
})

test('what no known key opens is counted and left as it is', async t => {
  const s = await scene(t)
  const id = await user(s, owner =>
    createSealer('a-key-that-nobody-has-any-more-0123456789').seal('totp', 'lost', owner),
  )
  const other = await user(s, () => createSealer(OLD).seal('totp', 'of somebody else', newId()))
  const before = [await secretOf(s, id), await secretOf(s, other)]
  t.deepEqual(await resealAll(s.db, createSealer(NEW, OLD), columns, signal), { resealed: 0, unreadable: 2 })
  t.deepEqual([await secretOf(s, id), await secretOf(s, other)], before)
})

test('it ends when it is told to', async t => {
  const s = await scene(t)
  await t.throwsAsync(resealAll(s.db, createSealer(NEW), columns, AbortSignal.abort(new Error('stopping'))), {
    message: 'stopping',
  })
})
