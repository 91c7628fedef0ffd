import { hash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

const PREFIX = 'mzk_'
/** Of 32 random bytes in base64url. */
const SECRET = 43
const FORM = /^mzk_[\w-]{49}$/
/** Shown for recognition: too little to be taken for a key, also by what hides keys in logs. */
const SHOWN = PREFIX.length + 6

/** What sums up a key's secret, so that a slip of the hand, and a scanner's false find, is told without the database. */
function checksum(secret: string): string {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(secret))
  return sum.toString('base64url')
}

/** A new API key: `mzk_`, 256 random bits in base64url, six characters of CRC-32. */
export function newApiKey(): string {
  const secret = randomBytes(32).toString('base64url')
  return PREFIX + secret + checksum(secret)
}

/** True for what claims to be an API key. */
export const looksLikeApiKey = (text: string): boolean => text.startsWith(PREFIX)

/** True for what could be one. */
export function couldBeApiKey(text: string): boolean {
  const secret = text.slice(PREFIX.length, PREFIX.length + SECRET)
  return FORM.test(text) && text.slice(PREFIX.length + SECRET) === checksum(secret)
}

/** The beginning of a key, by which people know it again. */
export const shownPart = (key: string): string => key.slice(0, SHOWN)

/** How a key is stored: it has so much chance in it that nothing slower than SHA-256 is needed. */
export const hashOfApiKey = (key: string): string => hash('sha256', key, 'hex')
