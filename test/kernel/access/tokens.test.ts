import { createHmac, generateKeyPairSync } from 'node:crypto'
import test from 'ava'
import jwt from 'jsonwebtoken'
import { Tokens } from '../../../kernel/access/tokens.ts'
import { Problem } from '../../../kernel/errors.ts'

const SECRET_KEY = 'the-secret-key-of-the-tests-0123456789'
const settings = { SECRET_KEY, ACCESS_TOKEN_EXPIRE_MINUTES: 60, REFRESH_TOKEN_EXPIRE_DAYS: 7 }
const subject = { userId: 'u1', tenantId: 't1', sessionId: 's1' }
const now = new Date('2026-03-01T12:00:00Z')
const after = (seconds: number): Date => new Date(now.getTime() + seconds * 1000)
const tokens = new Tokens(settings)

const refuses = (t: import('ava').ExecutionContext, token: string, at = now): void => {
  const error = t.throws(() => tokens.verify('access', token, at), { instanceOf: Problem })
  t.is(error.code, 'unauthenticated')
}
const claims = {
  sub: 'u1',
  tenant_id: 't1',
  sid: 's1',
  iss: 'monozu-cloud',
  aud: 'cloud-api',
  typ: 'access',
  iat: now.getTime() / 1000,
  exp: now.getTime() / 1000 + 60,
}
const sign = (changed: object, key = SECRET_KEY): string => jwt.sign({ ...claims, ...changed }, key)

test('a token carries the claims of the contract, signed with SECRET_KEY by HS256', t => {
  const { token, expiresAt } = tokens.issue('access', subject, now)
  const read = jwt.verify(token, SECRET_KEY, {
    algorithms: ['HS256'],
    clockTimestamp: now.getTime() / 1000,
  }) as jwt.JwtPayload
  t.like(read, { ...claims, user_id: 'u1', exp: now.getTime() / 1000 + 3600 })
  t.truthy(read.jti)
  t.is(expiresAt.getTime(), after(3600).getTime())
  t.deepEqual(tokens.verify('access', token, now), { ...subject, expiresAt: after(3600).getTime() })
})

test('one type is not taken for the other', t => {
  refuses(t, tokens.issue('refresh', subject, now).token)
  t.throws(() => tokens.verify('refresh', tokens.issue('access', subject, now).token, now), { instanceOf: Problem })
})

test('a token works until the second it expires', t => {
  const { token } = tokens.issue('access', subject, now)
  t.notThrows(() => tokens.verify('access', token, after(3599)))
  refuses(t, token, after(3600))
})

test('alg none is refused', t => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  refuses(t, `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`)
  refuses(t, `${part({ alg: 'None', typ: 'JWT' })}.${part(claims)}.`)
})

test('another algorithm is refused, with whatever key', t => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  refuses(t, jwt.sign(claims, privateKey, { algorithm: 'RS256' }))
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const unsigned = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
  refuses(t, `${unsigned}.${createHmac('sha256', pem).update(unsigned).digest('base64url')}`)
  refuses(t, jwt.sign(claims, SECRET_KEY, { algorithm: 'HS512' }))
})

test('a foreign key, issuer, audience or shape is refused', t => {
  t.notThrows(() => tokens.verify('access', sign({}), now))
  refuses(t, sign({}, 'another-secret-key-0123456789-0123456789'))
  refuses(t, sign({ iss: 'somebody' }))
  refuses(t, sign({ aud: 'management-api' }))
  refuses(t, sign({ typ: undefined }))
  refuses(t, sign({ sub: undefined }))
  refuses(t, sign({ tenant_id: 7 }))
  refuses(t, sign({ sid: '' }))
  const { exp: _exp, ...endless } = claims
  refuses(t, jwt.sign(endless, SECRET_KEY))
  refuses(t, 'nonsense')
  refuses(t, '')
})

test('the key before the last change still verifies, but does not sign', t => {
  const old = new Tokens({ ...settings, SECRET_KEY: 'the-key-before-0123456789-0123456789' })
  const both = new Tokens({ ...settings, SECRET_KEY_PREVIOUS: 'the-key-before-0123456789-0123456789' })
  t.is(both.verify('access', old.issue('access', subject, now).token, now).userId, 'u1')
  t.is(tokens.verify('access', both.issue('access', subject, now).token, now).userId, 'u1')
  refuses(t, old.issue('access', subject, now).token)
  t.throws(() => both.verify('access', old.issue('access', subject, now).token, after(3600)), { message: /expired/ })
})
