import test from 'ava'
import { changesOf, LARGEST_SIDE } from '../../../kernel/audit/changes.ts'

const parsed = (before: unknown, after: unknown) => {
  const changes = changesOf(before, after)
  return [changes.before, changes.after].map(side => (side === null ? null : JSON.parse(side)))
}

test('of two records only the fields that differ are kept', t => {
  const before = { id: '1', name: 'Pump', tags: ['a'], site: { id: 's1' }, model: 'X', revision: 1, updated_at: 'then' }
  const after = {
    id: '1',
    name: 'Pump 2',
    tags: ['a'],
    site: { id: 's2' },
    version: '3',
    revision: 2,
    updated_at: 'now',
  }
  t.deepEqual(parsed(before, after), [
    { name: 'Pump', site: { id: 's1' }, model: 'X' },
    { name: 'Pump 2', site: { id: 's2' }, version: '3' },
  ])
})

test('records that are equal, or differ in their revision only, leave nothing', t => {
  t.deepEqual(parsed({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }), [null, null])
  t.deepEqual(parsed({ a: 1, revision: 1, updated_at: 'x' }, { a: 1, revision: 2, updated_at: 'y' }), [null, null])
  t.deepEqual(parsed(undefined, undefined), [null, null])
})

test('what was created or deleted is kept whole', t => {
  t.deepEqual(parsed(undefined, { id: '1', revision: 1 }), [null, { id: '1', revision: 1 }])
  t.deepEqual(parsed({ id: '1', at: new Date(0) }, null), [{ id: '1', at: '1970-01-01T00:00:00.000Z' }, null])
})

test('secrets are left out by name, at any depth, in any spelling', t => {
  const secrets = {
    password: 'x',
    passwordHash: 'x',
    password_hash: 'x',
    client_secret: 'x',
    refreshToken: 'x',
    'X-Device-Key': 'x',
    device_key: 'x',
    key: 'x',
    apiKeys: ['x'],
    api_key: 'x',
    private_key_pem: 'x',
    wireguard_private_key: 'x',
    psk: 'x',
    token_hashes: ['x'],
    totp: 'x',
    totp_code: 'x',
    otp: 'x',
    recovery_codes: ['x'],
    cookie: 'x',
    authorization: 'x',
    hmac: 'x',
  }
  const plain = { key_id: 'k1', monkey: 'm', body: 'a comment', hashtag: '#x', name: 'n' }
  const after = { ...secrets, ...plain, deep: [{ ...secrets, ...plain }] }
  t.deepEqual(parsed(undefined, after)[1], { ...plain, deep: [plain] })
})

test('fields of the business stay, though their names sound like secrets', t => {
  const record = {
    external_key: 'ERP-17',
    primary_key: 'id',
    key_contact: 'Kim',
    keywords: ['pump'],
    public_key: 'ssh-ed25519 AAAA',
    recovery_time_hours: 4,
    password_changed_at: '2026-01-01',
    mfa_token_required: true,
    postal_code: '80331',
  }
  t.deepEqual(parsed({ ...record, external_key: 'ERP-16' }, record), [
    { external_key: 'ERP-16' },
    { external_key: 'ERP-17' },
  ])
  t.deepEqual(parsed(undefined, record)[1], record)
})

test('a change of nothing but a secret shows nothing', t => {
  t.deepEqual(parsed({ name: 'a', password: 'old' }, { name: 'a', password: 'new' }), [null, null])
})

test('secrets inside text are hidden', t => {
  t.deepEqual(parsed(undefined, { url: 'https://u:pw@host/?token=abc' })[1], {
    url: 'https://u:[redacted]@host/?token=[redacted]',
  })
})

test('what is too large is cut, stays JSON, and says so', t => {
  const long = 'x'.repeat(8000)
  const after = { id: '1', note: long, name: 'kept', more: long, most: [long] }
  t.deepEqual(parsed(undefined, after)[1], {
    id: '1',
    note: '[8002 characters]',
    name: 'kept',
    more: '[8002 characters]',
    most: '[8004 characters]',
    _truncated: true,
  })

  const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`field_${n}`, 'value']))
  const { after: cut } = changesOf(undefined, wide)
  t.true(cut !== null && cut.length <= LARGEST_SIDE)
  const fields = JSON.parse(String(cut))
  t.is(fields.field_0, 'value')
  t.true(fields._truncated)

  const list = Array.from({ length: 5000 }, (_, n) => n)
  t.deepEqual(parsed(undefined, list)[1], { _truncated: true, characters: JSON.stringify(list).length })
})

test('bytes, big numbers and cycles do not stop a write', t => {
  const cycle: Record<string, unknown> = { a: 1 }
  cycle.self = cycle
  t.deepEqual(parsed(undefined, { data: Buffer.from('abc'), size: 12n })[1], { data: '[3 bytes]', size: '12' })
  t.deepEqual(parsed({ a: 1 }, cycle), [{ a: 1 }, '[cannot be shown as JSON]'])
})
