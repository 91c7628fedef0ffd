import { createHmac, hkdfSync } from 'node:crypto'
import test from 'ava'
import jwt from 'jsonwebtoken'
import { deriveKey, equalSecrets, hmacHex, isSignedBy, keyId, keyRing } from '../../../kernel/secrets/keys.ts'

const first = 'first-key-of-at-least-32-characters-0001'
const second = 'second-key-of-at-least-32-characters-002'

test('keys are HKDF-SHA256 with a fixed salt: the same on every instance and in every version', t => {
  const right = Buffer.from(hkdfSync('sha256', first, 'monozu-cloud/v1', 'jwt', 32))
  t.deepEqual(deriveKey(first, 'jwt').export(), right)
})

test('each purpose and each SECRET_KEY has its own key', t => {
  const keys = [
    deriveKey(first, 'jwt'),
    deriveKey(first, 'cursor'),
    deriveKey(first, 'sealed:totp'),
    deriveKey(second, 'jwt'),
  ]
  t.is(new Set(keys.map(key => key.export().toString('hex'))).size, 4)
})

test('a key id is short, stable and its own for each key', t => {
  t.regex(keyId(first), /^[0-9a-f]{8}$/)
  t.is(keyId(first), keyId(first))
  t.not(keyId(first), keyId(second))
})

test('a token signed before the rotation verifies after it, by its kid', t => {
  const before = keyRing('jwt', first)
  const token = jwt.sign({ sub: 'u' }, before.current.key, { algorithm: 'HS256', keyid: before.current.id })
  const ring = keyRing('jwt', second, first)
  const key = ring.find(jwt.decode(token, { complete: true })?.header.kid ?? '')
  t.truthy(key)
  if (key !== undefined) t.is(jwt.verify(token, key, { algorithms: ['HS256'] }).sub, 'u')
  t.is(keyRing('jwt', second).find(before.current.id), undefined)
  t.is(ring.current.id, keyId(second))
})

test('a previous key that is the present one counts once', t => {
  t.is(keyRing('jwt', first, first).all.length, 1)
})

test('equalSecrets compares whole secrets of any length', t => {
  t.true(equalSecrets('abc', 'abc'))
  t.false(equalSecrets('abc', 'abd'))
  t.false(equalSecrets('ab', 'abc'))
  t.false(equalSecrets('', 'abc'))
  t.true(equalSecrets('ключ', 'ключ'))
})

test('hmacHex covers its parts in order', t => {
  const right = createHmac('sha256', 's').update('1700000000.{"a":1}').digest('hex')
  t.is(hmacHex('s', '1700000000', '.', Buffer.from('{"a":1}')), right)
})

test('a signature under either of two secrets is good, under a third it is not', t => {
  const body = Buffer.from('{"tenant_id":"t"}')
  t.true(isSignedBy(['new', 'old'], hmacHex('old', body), body))
  t.true(isSignedBy(['new', 'old'], hmacHex('new', body).toUpperCase(), body))
  t.false(isSignedBy(['new', 'old'], hmacHex('other', body), body))
  t.false(isSignedBy(['new', 'old'], '', body))
  t.false(isSignedBy([], hmacHex('', body), body))
})
