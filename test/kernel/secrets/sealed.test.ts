import test from 'ava'
import { createSealer, UnsealError } from '../../../kernel/secrets/sealed.ts'

const first = 'first-key-of-at-least-32-characters-0001'
const second = 'second-key-of-at-least-32-characters-002'

test('what is sealed opens again, whatever is in it', t => {
  const sealer = createSealer(first)
  for (const text of ['', 'JBSWY3DPEHPK3PXP', 'Zürich → 東京', 'x'.repeat(100_000)]) {
    t.is(sealer.open('totp', sealer.seal('totp', text)), text)
  }
})

test('the same text is sealed differently each time and never shows', t => {
  const sealer = createSealer(first)
  const [one, two] = [sealer.seal('totp', 'JBSWY3DPEHPK3PXP'), sealer.seal('totp', 'JBSWY3DPEHPK3PXP')]
  t.not(one, two)
  t.false(
    Buffer.from(one.split('.')[3] ?? '', 'base64url')
      .toString('latin1')
      .includes('JBSWY'),
  )
})

test('another instance with the same SECRET_KEY opens it', t => {
  t.is(createSealer(first).open('totp', createSealer(first).seal('totp', 'a')), 'a')
})

test('after a change of SECRET_KEY the previous one opens, new values use the new one', t => {
  const old = createSealer(first).seal('totp', 'a')
  const sealer = createSealer(second, first)
  t.is(sealer.open('totp', old), 'a')
  t.true(sealer.isOutdated(old))
  t.false(sealer.isOutdated(sealer.seal('totp', 'a')))
  t.is(createSealer(second).open('totp', sealer.seal('totp', 'b')), 'b')
})

test('a value under a key that is gone says which setting is missing', t => {
  const error = t.throws(() => createSealer(second).open('totp', createSealer(first).seal('totp', 'a')), {
    instanceOf: UnsealError,
  })
  t.is(error?.reason, 'unknown_key')
  t.true(error?.message.includes('SECRET_KEY_PREVIOUS'))
})

const opened = (purpose: string, sealed: string, owner?: string) => () =>
  createSealer(first).open(purpose, sealed, owner)
const damaged = { instanceOf: UnsealError, message: /changed|not a sealed value/ }

test('a value opens only for its purpose and its owner', t => {
  const sealed = createSealer(first).seal('totp', 'a', 'user-1')
  t.is(opened('totp', sealed, 'user-1')(), 'a')
  t.throws(opened('oidc', sealed, 'user-1'), damaged)
  t.throws(opened('totp', sealed, 'user-2'), damaged)
  t.throws(opened('totp', sealed), damaged)
})

test('any changed character is found out', t => {
  const sealed = createSealer(first).seal('totp', 'a secret')
  for (let at = 0; at < sealed.length - 1; at += 1) {
    const other = sealed[at] === 'A' ? 'B' : 'A'
    t.throws(
      opened('totp', sealed.slice(0, at) + other + sealed.slice(at + 1)),
      { instanceOf: UnsealError },
      `at ${at}`,
    )
  }
})

for (const text of ['', 'plain', 'v1.00000000', `v2.${'0'.repeat(8)}.${'A'.repeat(16)}.${'A'.repeat(30)}`]) {
  test(`"${text}" is no sealed value`, t => {
    t.throws(opened('totp', text), damaged)
  })
}

test('a shortened tag is refused', t => {
  const sealed = createSealer(first).seal('totp', 'a secret of some length')
  t.throws(opened('totp', sealed.slice(0, -8)), damaged)
})
