import test from 'ava'
import { newId } from '../../../kernel/data/id.ts'

const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const timeOf = (id: string): number => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)

test('an id is a UUIDv7', t => {
  for (let n = 0; n < 1000; n++) t.regex(newId(), UUID7)
})

test('ids sort as they were made, also within one millisecond and when the clock goes back', t => {
  const start = Date.now() + 60_000
  const ids = [
    ...Array.from({ length: 10_000 }, () => newId(start)),
    ...Array.from({ length: 100 }, () => newId(start - 5_000)),
    ...Array.from({ length: 100 }, (_, n) => newId(start + n)),
  ]
  t.is(new Set(ids).size, ids.length)
  t.deepEqual(ids.toSorted(), ids)
})

test('an id carries the time at which it was made', t => {
  const later = Date.now() + 10_000_000
  t.is(timeOf(newId(later)), later)
})
