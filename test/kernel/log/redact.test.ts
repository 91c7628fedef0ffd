import test from 'ava'
import { isSecretName, redact, redactText, redactUrl } from '../../../kernel/log/redact.ts'

const clean = (value: unknown): unknown => redact(value, error => error.message)

for (const name of [
  ...['authorization', 'Cookie', 'set-cookie', 'password', 'newPassword', 'token', 'access_token', 'refreshToken'],
  ...['secret', 'SECRET_KEY', 'client_secret', 'X-Device-Key', 'X-Internal-Token', 'X-Hmac-Signature', 'totp_code'],
  ...['otp', 'recovery_codes', 'provisioning_key', 'apiKey', 'sig', 'body', 'bindings'],
]) {
  test(`${name} is the name of a secret`, t => {
    t.true(isSecretName(name))
  })
}
for (const name of [
  'key_id',
  'token_type',
  'tenant_id',
  'monkey',
  'keyboard',
  'author',
  'bodyguard',
  'q',
  'token_count',
]) {
  test(`${name} is not`, t => {
    t.false(isSecretName(name))
  })
}

test('secrets are hidden at any depth and the value itself is left alone', t => {
  const value = {
    user: { email: 'a@b.ch', password: 'p', keys: ['k1'] },
    headers: { authorization: 'Bearer x', 'x-id': '7' },
  }
  t.deepEqual(clean(value), {
    user: { email: 'a@b.ch', password: '[redacted]', keys: '[redacted]' },
    headers: { authorization: '[redacted]', 'x-id': '7' },
  })
  t.is(value.user.password, 'p')
})

test('whether there is a secret may be told', t => {
  t.deepEqual(clean({ password: true, token: null, secret: undefined }), {
    password: true,
    token: null,
    secret: undefined,
  })
})

test('a numeric one-time code is hidden too', t => {
  t.deepEqual(clean({ totp_code: 123456 }), { totp_code: '[redacted]' })
})

for (const [text, right] of [
  ['GET /api/ws/jobs?token=eyJhbGciOi.x.y&a=1', 'GET /api/ws/jobs?token=[redacted]&a=1'],
  ['sqlserver://app:hunter2@db:1433', 'sqlserver://app:[redacted]@db:1433'],
  ['Authorization: Bearer abcdef123456', 'Authorization: Bearer [redacted]'],
  ['got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln here', 'got [redacted] here'],
  ['key mzk_0123456789abcdef used', 'key mzk_[redacted] used'],
  ['device dvc_0123456789abcdef', 'device dvc_[redacted]'],
  ['password=hunter2, limit=50', 'password=[redacted], limit=50'],
  ['a plain sentence about tokens', 'a plain sentence about tokens'],
] as const) {
  test(`in text: ${right}`, t => {
    t.is(redactText(text), right)
  })
}

for (const [url, right] of [
  ['/api/v1/assets?limit=50&cursor=abc', '/api/v1/assets?limit=50&cursor=abc'],
  ['/api/ws/jobs?token=abc', '/api/ws/jobs?token=[redacted]'],
  ['/callback?code=abc&state=def&x=1', '/callback?code=[redacted]&state=[redacted]&x=1'],
  ['/a?x=1&access_token=abc&y', '/a?x=1&access_token=[redacted]&y'],
  ['/a?=&&token', '/a?=&&token'],
  ['/keys/prov_0123456789abcdef', '/keys/prov_[redacted]'],
] as const) {
  test(`in a URL: ${right}`, t => {
    t.is(redactUrl(url), right)
  })
}

test('cycles, bytes, dates, big numbers, maps, errors and throwing getters have a form', t => {
  const loop: Record<string, unknown> = {
    at: new Date(0),
    bytes: Buffer.alloc(3),
    big: 12n,
    map: new Map([['token', 'x']]),
  }
  loop.self = loop
  loop.failed = new Error('broken')
  Object.defineProperty(loop, 'bad', {
    enumerable: true,
    get: () => {
      throw new Error('getter')
    },
  })
  const copy = clean(loop) as Record<string, unknown>
  t.is(copy.at, '1970-01-01T00:00:00.000Z')
  t.is(copy.bytes, '[3 bytes]')
  t.is(copy.big, '12')
  t.deepEqual(copy.map, { token: '[redacted]' })
  t.is(copy.failed, 'broken')
  t.is(copy.bad, '[unreadable]')
  t.notThrows(() => JSON.stringify(copy))
})

test('size is bounded', t => {
  const copy = clean({ many: Array.from({ length: 1_000 }, (_, i) => i), long: 'x'.repeat(100_000) }) as {
    many: unknown[]
    long: string
  }
  t.is(copy.many.length, 101)
  t.is(copy.many[100], '… (1000 items)')
  t.true(copy.long.length < 9_000)
})
