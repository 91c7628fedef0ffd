import test from 'ava'
import { hashOfKey, looksLikeKey, newKey } from '../credentials.ts'

test('keys have 256 random bits, and say what they are for', t => {
  const keys = Array.from({ length: 100 }, () => newKey('dvc'))
  t.is(new Set(keys).size, 100)
  for (const key of keys) {
    t.true(looksLikeKey('dvc', key))
    t.false(looksLikeKey('prov', key))
    t.is(Buffer.from(key.slice('dvc_'.length), 'base64url').length, 32)
  }
  for (const text of ['', 'dvc_', 'dvc_!', `${newKey('dvc')}\n`, ` ${newKey('dvc')}`]) {
    t.false(looksLikeKey('dvc', text), JSON.stringify(text))
  }
})

test('a key is stored as its SHA-256', t => {
  t.is(hashOfKey('dvc_example'), hashOfKey('dvc_example'))
  t.regex(hashOfKey('dvc_example'), /^[0-9a-f]{64}$/)
  t.not(hashOfKey('dvc_example'), hashOfKey('dvc_examplf'))
})
