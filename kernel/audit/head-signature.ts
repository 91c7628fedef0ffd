import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import { keyRing } from '../secrets/keys.ts'
import type { ChainHead, SignedHead } from './chain.ts'

/**
 * What a signature says. `previous_key`: good, under SECRET_KEY_PREVIOUS. `unknown_key`: it names a key that is neither, so
 * that nothing can be said. `invalid`: the head was not written by us.
 */
export type SignatureState = 'valid' | 'previous_key' | 'unknown_key' | 'invalid'

/** Signs the heads of chains, so that whoever has the database alone cannot compute a chain anew unnoticed. */
export interface HeadSigner {
  sign(head: ChainHead): SignedHead
  check(head: SignedHead): SignatureState
}

/** Whether a signature is ours. */
export const isTrusted = (state: SignatureState): boolean => state === 'valid' || state === 'previous_key'

/**
 * HMAC-SHA256 under the sub-key `audit.chain` of SECRET_KEY, written `<key id>.<base64url>`. SECRET_KEY_PREVIOUS checks but
 * never signs.
 */
export function createHeadSigner(secretKey: string, previous?: string): HeadSigner {
  const ring = keyRing('signed:audit.chain', secretKey, previous)
  return {
    sign: head => ({ ...head, signature: `${ring.current.id}.${mac(ring.current.key, head).toString('base64url')}` }),
    check(head) {
      const [id = '', given = ''] = head.signature.split('.')
      const key = ring.find(id)
      if (key === undefined) return 'unknown_key'
      const right = mac(key, head)
      const bytes = Buffer.from(given, 'base64url')
      if (bytes.length !== right.length || !timingSafeEqual(bytes, right)) return 'invalid'
      return id === ring.current.id ? 'valid' : 'previous_key'
    },
  }
}

function mac(key: KeyObject, head: ChainHead): Buffer {
  const { chain, first_sequence, before_first, last_sequence, last_hash, sealed_at } = head
  const parts = ['v1', chain, first_sequence, before_first, last_sequence, last_hash, sealed_at]
  return createHmac('sha256', key).update(parts.join('\n')).digest()
}
