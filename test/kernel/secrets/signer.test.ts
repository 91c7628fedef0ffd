import test from 'ava'
import { createSigner } from '../../../kernel/secrets/signer.ts'

const [first, second, third] = ['a'.repeat(32), 'b'.repeat(32), 'c'.repeat(32)]

test('a signature fits its text, its purpose and its key, and nothing else', t => {
  const signer = createSigner('snaps.download', first)
  const signature = signer.sign('edgezu 1.0')
  t.regex(signature, /^[\w-]{43}$/)
  t.true(signer.isSigned('edgezu 1.0', signature))
  t.false(signer.isSigned('edgezu 1.1', signature))
  t.false(signer.isSigned('edgezu 1.0', ''))
  t.false(signer.isSigned('edgezu 1.0', signature.slice(0, -2)))
  t.false(createSigner('other.purpose', first).isSigned('edgezu 1.0', signature))
  t.false(createSigner('snaps.download', second).isSigned('edgezu 1.0', signature))
})

test('while SECRET_KEY is changed, signatures of the one before are good, and new ones are made with the new key', t => {
  const old = createSigner('snaps.download', first).sign('x')
  const signer = createSigner('snaps.download', second, first)
  t.true(signer.isSigned('x', old))
  t.true(createSigner('snaps.download', second).isSigned('x', signer.sign('x')))
  t.false(createSigner('snaps.download', third, second).isSigned('x', old))
})
