import { createHash, randomBytes } from 'node:crypto'

/** What a key is for: registering devices, or being one. */
export type KeyKind = 'prov' | 'dvc'

const patterns: Readonly<Record<KeyKind, RegExp>> = {
  prov: /^prov_[A-Za-z0-9_-]{43}$/,
  dvc: /^dvc_[A-Za-z0-9_-]{43}$/,
}

/** A new key, `prov_…` or `dvc_…`: 256 random bits in base64url. */
export const newKey = (kind: KeyKind): string => `${kind}_${randomBytes(32).toString('base64url')}`

/** True for text that could be a key of this kind; anything else need not be looked up. */
export const looksLikeKey = (kind: KeyKind, text: string): boolean => patterns[kind].test(text)

/** The form in which a key is stored: SHA-256 in hex. A key has all its bits from chance, so it needs no salt. */
export const hashOfKey = (key: string): string => createHash('sha256').update(key).digest('hex')
