import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'
import { deriveKey, keyId } from './keys.ts'

/**
 * Why a sealed value cannot be opened. `unknown_key`: sealed under a SECRET_KEY that is neither the present nor the
 * previous one. `damaged`: not ours, changed, cut, or sealed for another purpose or owner.
 */
export class UnsealError extends Error {
  readonly reason: 'unknown_key' | 'damaged'

  constructor(reason: 'unknown_key' | 'damaged', message: string) {
    super(message)
    this.name = 'UnsealError'
    this.reason = reason
  }
}

/** Keeps secrets in the database unreadable without SECRET_KEY. */
export interface Sealer {
  /**
   * Encrypts a text: `v1.<key id>.<nonce>.<ciphertext and tag>`, the last two in base64url.
   * @param purpose what it is, such as `totp`: each purpose has its own key
   * @param owner whose it is, such as the user's id: the value opens for no other owner
   */
  seal(purpose: string, plaintext: string, owner?: string): string
  /** The text again. @throws {UnsealError} */
  open(purpose: string, sealed: string, owner?: string): string
  /** True for a value sealed under the previous SECRET_KEY: seal it anew when it is next written. */
  isOutdated(sealed: string): boolean
}

const version = 'v1'
const nonceBytes = 12
const tagBytes = 16

/**
 * AES-256-GCM (NIST SP 800-38D) with random 96-bit nonces, under HKDF sub-keys of SECRET_KEY, one a purpose.
 * SECRET_KEY_PREVIOUS opens but never seals.
 */
export function createSealer(secretKey: string, previous?: string): Sealer {
  const currentId = keyId(secretKey)
  const secrets = new Map([
    ...(previous === undefined ? [] : [[keyId(previous), previous] as const]),
    [currentId, secretKey],
  ])
  const derived = new Map<string, KeyObject>()

  const keyOf = (id: string, purpose: string): KeyObject => {
    const name = `${id} ${purpose}`
    const ready = derived.get(name)
    if (ready !== undefined) return ready
    const secret = secrets.get(id)
    if (secret === undefined) {
      throw new UnsealError(
        'unknown_key',
        `sealed under key ${id}, which is neither SECRET_KEY nor SECRET_KEY_PREVIOUS; set SECRET_KEY_PREVIOUS to that key`,
      )
    }
    const key = deriveKey(secret, `sealed:${purpose}`)
    derived.set(name, key)
    return key
  }

  return {
    seal(purpose, plaintext, owner = '') {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', keyOf(currentId, purpose), nonce, { authTagLength: tagBytes })
      cipher.setAAD(bound(purpose, owner))
      const sealed = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return [version, currentId, nonce.toString('base64url'), sealed.toString('base64url')].join('.')
    },
    open(purpose, sealed, owner = '') {
      const { id, nonce, ciphertext, tag } = parts(sealed)
      const decipher = createDecipheriv('aes-256-gcm', keyOf(id, purpose), nonce, { authTagLength: tagBytes })
      decipher.setAAD(bound(purpose, owner))
      decipher.setAuthTag(tag)
      try {
        return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8')
      } catch {
        throw new UnsealError('damaged', 'the sealed value was changed, or sealed for another purpose or owner')
      }
    },
    isOutdated: sealed => parts(sealed).id !== currentId,
  }
}

/** What the tag covers besides the text; the length keeps `a`+`bc` apart from `ab`+`c`. */
const bound = (purpose: string, owner: string): Buffer => Buffer.from(`${purpose.length}:${purpose}${owner}`)

interface Parts {
  readonly id: string
  readonly nonce: Buffer
  readonly ciphertext: Buffer
  readonly tag: Buffer
}

const parts = (sealed: string): Parts => {
  const match = /^v1\.([0-9a-f]{8})\.([\w-]{16})\.([\w-]{22,})$/.exec(sealed)
  const [, id, nonce, rest] = match ?? []
  if (id === undefined || nonce === undefined || rest === undefined) {
    throw new UnsealError('damaged', `not a sealed value of the form ${version}.<key id>.<nonce>.<ciphertext>`)
  }
  const bytes = Buffer.from(rest, 'base64url')
  return {
    id,
    nonce: Buffer.from(nonce, 'base64url'),
    ciphertext: bytes.subarray(0, -tagBytes),
    tag: bytes.subarray(-tagBytes),
  }
}
