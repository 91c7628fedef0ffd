import { randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(16 * 256)
let used = pool.length
let lastMs = 0
let counter = 0

/**
 * A new UUIDv7 (RFC 9562, 5.7): 48 bits of milliseconds, then a 12 bit counter that rises within one millisecond, then
 * 62 random bits. Ids made by one process sort in the order they were made.
 */
export function newId(now: number = Date.now()): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const at = used
  used += 16
  if (now > lastMs) {
    lastMs = now
    counter = pool.readUInt16BE(at + 6) & 0x7ff
  } else if (++counter > 0xfff) {
    lastMs += 1
    counter = 0
  }
  pool.writeUIntBE(lastMs, at, 6)
  pool.writeUInt16BE(0x7000 | counter, at + 6)
  pool.writeUInt8((pool.readUInt8(at + 8) & 0x3f) | 0x80, at + 8)
  const hex = pool.toString('hex', at, at + 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
