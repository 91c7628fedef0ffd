import test from 'ava'
import { compareVersions } from '../services/version-order.ts'

test('versions are ordered as Debian orders them', t => {
  const rising = [
    '0.9',
    '1.0~~',
    '1.0~beta2',
    '1.0~rc1',
    '1.0',
    '1.0a',
    '1.0+git3',
    '1.0.1',
    '1.2',
    '1.10',
    '1.010.1',
    '2',
    '10',
    '20260101',
    '123456789012345678901234567890',
    'v1',
    'v2',
  ]
  for (const [i, one] of rising.entries()) {
    for (const [j, other] of rising.entries()) {
      t.is(Math.sign(compareVersions(one, other)), Math.sign(i - j), `${one} and ${other}`)
    }
  }
  t.is(compareVersions('1.00', '1.0'), 0)
})
