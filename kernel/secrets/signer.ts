import { createHmac, timingSafeEqual } from 'node:crypto'
import { keyRing } from './keys.ts'

/** Signs texts that others carry about and bring back, such as an address that is good for some minutes. */
export interface Signer {
  /** HMAC-SHA256 of the text, in base64url: 43 characters. */
  sign(text: string): string
  /** True when `signature` is that of the text, under the present SECRET_KEY or the one before. */
  isSigned(text: string, signature: string): boolean
}

/** A signer whose keys are sub-keys of SECRET_KEY and, during a rotation, of SECRET_KEY_PREVIOUS, for one purpose. */
export function createSigner(purpose: string, secretKey: string, previous?: string): Signer {
  const { current, all } = keyRing(`signed:${purpose}`, secretKey, previous)
  const digest = (key: typeof current.key, text: string): Buffer => createHmac('sha256', key).update(text).digest()
  return {
    sign: text => digest(current.key, text).toString('base64url'),
    isSigned(text, signature) {
      const given = Buffer.from(signature, 'base64url')
      let signed = false
      for (const { key } of all) {
        const right = digest(key, text)
        if (given.length === right.length && timingSafeEqual(given, right)) signed = true
      }
      return signed
    },
  }
}
