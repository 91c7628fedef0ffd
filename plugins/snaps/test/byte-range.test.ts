import test from 'ava'
import { byteRangeOf } from '../services/byte-range.ts'

test('a range is read as RFC 9110 has it', t => {
  const of100 = (header: string) => byteRangeOf(header, 100)
  t.deepEqual(of100('bytes=0-0'), { start: 0, end: 0 })
  t.deepEqual(of100('bytes=10-19'), { start: 10, end: 19 })
  t.deepEqual(of100('Bytes= 90-'), { start: 90, end: 99 })
  t.deepEqual(of100('bytes=90-1000'), { start: 90, end: 99 })
  t.deepEqual(of100('bytes=-10'), { start: 90, end: 99 })
  t.deepEqual(of100('bytes=-1000'), { start: 0, end: 99 })
  for (const beyond of ['bytes=100-', 'bytes=100-200', 'bytes=-0']) t.is(of100(beyond), 'unsatisfiable', beyond)
})

test('what is no single range of bytes is left out of account', t => {
  for (const header of [
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=5-4',
    'bytes=a-b',
    'bytes=0-1,5-6',
    'lines=0-1',
    '0-1',
  ]) {
    t.is(byteRangeOf(header, 100), 'whole', header)
  }
})
