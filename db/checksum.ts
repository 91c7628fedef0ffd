import { crc32 } from 'node:zlib'

const BYTE_ORDER_MARK = '\ufeff'

/**
 * Flyway's checksum of a script: CRC-32 over its lines in UTF-8 without line ends and without a byte order mark,
 * as a signed 32-bit number. Line ends therefore never change it.
 */
export function flywayChecksum(script: string): number {
  const text = script.startsWith(BYTE_ORDER_MARK) ? script.slice(1) : script
  return crc32(text.replace(/\r\n|\r|\n/g, '')) | 0
}
