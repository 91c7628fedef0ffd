import test from 'ava'
import { personOf } from '../../../../kernel/access/oidc/claims.ts'
import { entraIssuer } from '../../../../kernel/access/oidc/provider-directory.ts'
import { isReturnPath } from '../../../../kernel/access/oidc/return-path.ts'

const base = { iss: 'https://id.example', sub: 's', aud: 'x', iat: 0, exp: 1 }
const DIRECTORY = '11111111-2222-4333-8444-555555555555'

test('the name of a person is one line, and no longer than a name', t => {
  const nameOf = (claims: object) => personOf({ ...base, ...claims }, undefined).name
  t.is(nameOf({ name: ' Ada\r\nLovelace\u202e ' }), 'Ada Lovelace')
  t.is(nameOf({ given_name: 'Ada', family_name: 'Lovelace' }), 'Ada Lovelace')
  t.is(nameOf({ name: '', preferred_username: 'ada' }), 'ada')
  t.is(nameOf({ name: 7 }), undefined)
  t.is(nameOf({ name: 'x'.repeat(300) })?.length, 200)
})

test('an address is one, or it is not there', t => {
  const emailOf = (email: unknown) => personOf({ ...base, email } as never, undefined).email
  t.is(emailOf('ada@corp.example'), 'ada@corp.example')
  for (const bad of [
    'ada',
    'a@b@c.example',
    'a b@c.example',
    '"a"@c.example\r\nBcc: x@y.example',
    ['a@b.example'],
    {},
    7,
  ]) {
    t.is(emailOf(bad), undefined, JSON.stringify(bad))
  }
  t.is(personOf({ ...base, preferred_username: 'ada@corp.example' }, undefined).email, undefined, 'no address')
})

test('claims of the ID token count before those of the user info', t => {
  const person = personOf(
    { ...base, name: 'Ada' },
    { sub: 's', name: 'Eve', email: 'a@b.example', email_verified: true },
  )
  t.is(person.name, 'Ada')
  t.is(person.email, 'a@b.example')
  t.true(person.emailVerified)
})

test('Entra is known by an issuer that names the directory of the token', t => {
  const tid = DIRECTORY
  const oid = DIRECTORY.replaceAll('1', '9')
  const entra = personOf(
    { ...base, iss: `https://login.example/${tid}/v2.0`, tid, oid, email_verified: true },
    undefined,
  )
  t.is(entra.subject, oid)
  t.is(entra.entraTenantId, tid)
  t.false(entra.emailVerified)
  const other = personOf({ ...base, tid, oid, email_verified: true }, undefined)
  t.is(other.subject, 's')
  t.is(other.entraTenantId, undefined)
  t.true(other.emailVerified)
})

test("a directory's issuer is at the cloud of the authority", t => {
  t.is(
    entraIssuer('https://login.microsoftonline.com/common/v2.0', DIRECTORY),
    `https://login.microsoftonline.com/${DIRECTORY}/v2.0`,
  )
  t.is(
    entraIssuer('https://login.microsoftonline.us/organizations/v2.0', DIRECTORY),
    `https://login.microsoftonline.us/${DIRECTORY}/v2.0`,
  )
  t.is(entraIssuer('https://id.example', DIRECTORY), `https://login.microsoftonline.com/${DIRECTORY}/v2.0`)
})

test('a path to return to stays within the application', t => {
  for (const path of [
    '/',
    '/a',
    '/a?b=https://x.example',
    '/a#//b',
    '/a//b',
    '/@evil.example',
    '/%2F%2Fevil.example',
  ]) {
    t.true(isReturnPath(path), path)
  }
  for (const path of [
    '',
    'a',
    '//a',
    '///a',
    '/\\a',
    '\\/a',
    '/a\\b',
    'https://a',
    '/\ta',
    '\t//a',
    '/a\u0000',
    '/\u007f',
    ' /a',
  ]) {
    t.false(isReturnPath(path), JSON.stringify(path))
  }
})
