import test from 'ava'
import { envelope, textFrame } from '../../../kernel/ws/frame.ts'

/** The length that a header says, and how long the header is (RFC 6455, 5.2). */
function lengthOf(frame: Buffer): { readonly length: number; readonly header: number } {
  const short = frame.readUInt8(1)
  if (short < 126) return { length: short, header: 2 }
  if (short === 126) return { length: frame.readUInt16BE(2), header: 4 }
  return { length: Number(frame.readBigUInt64BE(2)), header: 10 }
}

for (const [bytes, expected] of [
  [0, 2],
  [125, 2],
  [126, 4],
  [65_535, 4],
  [65_536, 10],
] as const) {
  test(`a frame of ${bytes} bytes has a header of ${expected}`, t => {
    const text = 'x'.repeat(bytes)
    const frame = textFrame(text)
    t.is(frame[0], 0x81, 'a whole text frame')
    t.deepEqual(lengthOf(frame), { length: bytes, header: expected })
    t.is(frame.toString('utf8', expected), text)
  })
}

test('the length is that of the bytes, not of the characters', t => {
  const frame = textFrame('ü'.repeat(100))
  t.deepEqual(lengthOf(frame), { length: 200, header: 4 })
})

test('an envelope has the time, and data that is missing is null', t => {
  const at = new Date('2026-11-21T12:00:00Z')
  t.deepEqual(JSON.parse(envelope('x', undefined, at)), { type: 'x', data: null, at: '2026-11-21T12:00:00.000Z' })
  t.deepEqual(JSON.parse(envelope('x', { n: 1 }, at, '7')).id, '7')
})
