import { createHmac, generateKeyPairSync } from 'node:crypto'
import test from 'ava'
import jwt from 'jsonwebtoken'
import { AccessHouse, SECRET_KEY, type Session } from '../kernel/access/access-house.ts'
import { decodeJwt } from './jwt.ts'

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token of any header, signed by HMAC-SHA-256 with any key. */
function hs256(header: object, payload: object, key: string | Buffer): string {
  const unsigned = `${part(header)}.${part(payload)}`
  return `${unsigned}.${createHmac('sha256', key).update(unsigned).digest('base64url')}`
}

const statusOf = async (session: Session, token: string): Promise<string> => {
  const { status, body } = await session.send('GET', '/api/v1/me', { headers: { authorization: `Bearer ${token}` } })
  return status === 200 ? '200' : `${status} ${body.error}`
}

const plain = { alg: 'HS256', typ: 'JWT' }

test('a token that is made by hand as ours are works: what follows is refused for what it changes', async t => {
  const house = await AccessHouse.open(t)
  const session = await house.as(await house.account())
  t.is(await statusOf(session, hs256(plain, decodeJwt(session.token), SECRET_KEY)), '200')
})

test('no algorithm is none', async t => {
  const house = await AccessHouse.open(t)
  const session = await house.as(await house.account())
  const claims = decodeJwt(session.token)
  const [, body, signature] = session.token.split('.')
  for (const alg of ['none', 'None', 'NONE', 'nOnE', '', null]) {
    t.is(await statusOf(session, `${part({ alg, typ: 'JWT' })}.${part(claims)}.`), '401 unauthenticated', String(alg))
    t.is(await statusOf(session, `${part({ alg, typ: 'JWT' })}.${body}.${signature}`), '401 unauthenticated')
  }
})

test('a public key is no secret: HS256 signed with it, and RS256 signed by its owner, are refused', async t => {
  const house = await AccessHouse.open(t)
  const session = await house.as(await house.account())
  const claims = decodeJwt(session.token)
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  for (const format of ['pem', 'der'] as const) {
    const key = publicKey.export({ type: 'spki', format } as { type: 'spki'; format: 'der' })
    t.is(await statusOf(session, hs256(plain, claims, key)), '401 unauthenticated', format)
  }
  t.is(await statusOf(session, jwt.sign(claims, privateKey, { algorithm: 'RS256' })), '401 unauthenticated')
  t.is(await statusOf(session, jwt.sign(claims, privateKey, { algorithm: 'PS256' })), '401 unauthenticated')
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  t.is(await statusOf(session, jwt.sign(claims, curve.privateKey, { algorithm: 'ES256' })), '401 unauthenticated')
})

test('other algorithms are refused with our own key, too', async t => {
  const house = await AccessHouse.open(t)
  const session = await house.as(await house.account())
  for (const algorithm of ['HS384', 'HS512'] as const) {
    t.is(await statusOf(session, jwt.sign(decodeJwt(session.token), SECRET_KEY, { algorithm })), '401 unauthenticated')
  }
})

test('a header that names a key, or more than a plain one, is refused, whoever signed it', async t => {
  const house = await AccessHouse.open(t)
  const session = await house.as(await house.account())
  const claims = decodeJwt(session.token)
  const theirs = 'a-key-of-the-attacker-0123456789-0123456789'
  const k = Buffer.from(theirs).toString('base64url')
  for (const more of [
    { kid: '../../../dev/null' },
    { kid: "x' UNION SELECT 'a-key-of-the-attacker" },
    { jwk: { kty: 'oct', k } },
    { jku: 'https://evil.example/jwks.json' },
    { x5u: 'https://evil.example/cert.pem' },
    { crit: ['exp'] },
    { typ: 'at+jwt' },
    { typ: undefined },
    { cty: 'JWT' },
    { b64: false },
  ]) {
    const header = { ...plain, ...more }
    for (const key of [theirs, '', SECRET_KEY]) {
      t.is(await statusOf(session, hs256(header, claims, key)), '401 unauthenticated', JSON.stringify(more))
    }
    const [, body, signature] = session.token.split('.')
    t.is(await statusOf(session, `${part(header)}.${body}.${signature}`), '401 unauthenticated', 'added afterwards')
  }
})

test('a token that was changed in any part is refused', async t => {
  const house = await AccessHouse.open(t)
  const admin = await house.account()
  const session = await house.as(admin)
  const bob = await house.colleague(admin, 'Bob')
  const [header = '', body = '', signature = ''] = session.token.split('.')
  for (const token of [
    `${header}.${part({ ...decodeJwt(session.token), sub: bob.userId, user_id: bob.userId })}.${signature}`,
    `${header}.${part({ ...decodeJwt(session.token), tenant_id: bob.userId })}.${signature}`,
    `${header}.${body}.${signature.slice(0, -2)}`,
    `${header}.${body}.`,
    `${header}.${body}`,
    `${header}.${body}.${signature}.${signature}`,
    `.${body}.${signature}`,
    `${header}..${signature}`,
    `${header}.${Buffer.from('null').toString('base64url')}.${signature}`,
  ]) {
    t.is(await statusOf(session, token), '401 unauthenticated', token)
  }
})
