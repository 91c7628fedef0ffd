import test from 'ava'
import { isDeeperThan } from '../../../kernel/data/json-depth.ts'

const nested = (levels: number): unknown => JSON.parse(`${'[{"a":'.repeat(levels / 2)}1${'}]'.repeat(levels / 2)}`)

test('objects and lists count, what stands in them does not', t => {
  t.false(isDeeperThan('text', 0))
  t.false(isDeeperThan(null, 0))
  t.true(isDeeperThan([], 0))
  t.false(isDeeperThan({ a: 1, b: [1, 2], c: [] }, 2))
  t.true(isDeeperThan({ a: 1, b: [1, {}], c: [] }, 2))
  t.false(isDeeperThan(nested(32), 32))
  t.true(isDeeperThan(nested(34), 32))
})

test('a depth that no stack has room for is just too deep', t => {
  t.true(isDeeperThan(nested(1_000_000), 32))
})
