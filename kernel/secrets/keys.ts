import { createHash, createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto'

/** What sub-keys of SECRET_KEY are made for; a key for one purpose tells nothing about another. */
export type KeyPurpose = 'jwt' | 'cursor' | `sealed:${string}` | `signed:${string}` | 'key-id'

/** Fixed, so that all instances and versions derive the same keys; HKDF allows a public salt (RFC 5869, 3.1). */
const salt = 'monozu-cloud/v1'

const derive = (secretKey: string, purpose: KeyPurpose, bytes: number): Buffer =>
  Buffer.from(hkdfSync('sha256', secretKey, salt, purpose, bytes))

/**
 * The sub-key of SECRET_KEY for one purpose: HKDF with SHA-256 (RFC 5869), 32 bytes.
 * Make it once and keep it: a KeyObject spares the import of the key at every signature.
 */
export const deriveKey = (secretKey: string, purpose: KeyPurpose): KeyObject =>
  createSecretKey(derive(secretKey, purpose, 32))

/** A name for a SECRET_KEY that may be stored and shown: 8 hexadecimal characters. */
export const keyId = (secretKey: string): string => derive(secretKey, 'key-id', 4).toString('hex')

/** A key with its name, as the `kid` header of a token carries it. */
export interface NamedKey {
  readonly id: string
  readonly key: KeyObject
}

/** The keys of one purpose: the one that signs, and all that verify, newest first. */
export interface KeyRing {
  readonly current: NamedKey
  readonly all: readonly NamedKey[]
  /** The key of that name; undefined when SECRET_KEY was changed more than once since. */
  find(id: string): KeyObject | undefined
}

/**
 * The keys of one purpose under SECRET_KEY and, during a rotation, SECRET_KEY_PREVIOUS.
 * For JWT (HS256): sign with `current`, put `current.id` in `kid`, verify with `find(kid)`.
 */
export function keyRing(purpose: KeyPurpose, secretKey: string, previous?: string): KeyRing {
  const named = (secret: string): NamedKey => ({ id: keyId(secret), key: deriveKey(secret, purpose) })
  const current = named(secretKey)
  const all = previous === undefined || previous === secretKey ? [current] : [current, named(previous)]
  return { current, all, find: id => all.find(candidate => candidate.id === id)?.key }
}

/** Compares two secrets in a time that tells neither where they differ nor how long the right one is. */
export function equalSecrets(given: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(right))
}

/** HMAC-SHA256 of the parts, one after the other, in lower-case hexadecimal. */
export function hmacHex(secret: string, ...parts: readonly (string | Uint8Array)[]): string {
  const hmac = createHmac('sha256', secret)
  for (const part of parts) hmac.update(part)
  return hmac.digest('hex')
}

/**
 * True when `signature` (hexadecimal, any case) is the HMAC-SHA256 of the parts under one of the secrets.
 * Tries all of them, so the time does not tell which one fitted.
 */
export function isSignedBy(
  secrets: readonly string[],
  signature: string,
  ...parts: readonly (string | Uint8Array)[]
): boolean {
  let signed = false
  for (const secret of secrets) {
    if (equalSecrets(signature.toLowerCase(), hmacHex(secret, ...parts))) signed = true
  }
  return signed
}
