import test from 'ava'
import { readKeyPairs } from '../../config/key-pairs.ts'

test('pairs are read, with their values decoded and empty ones dropped', t => {
  t.deepEqual(readKeyPairs('api-key=a%20b%2C, x = 1==,,'), { 'api-key': 'a b,', x: '1==' })
  t.deepEqual(readKeyPairs(''), {})
})

for (const text of ['novalue', '=1', 'a=%zz', 'a=1,b']) {
  test(`${text} is no list of pairs`, t => {
    t.is(readKeyPairs(text), undefined)
  })
}
