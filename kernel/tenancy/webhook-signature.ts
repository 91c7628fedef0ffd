import { hmacHex, isSignedBy } from '../secrets/keys.ts'

const WINDOW_MS = 5 * 60_000
const FORM = /^sha256=([0-9a-f]{64})$/i

/** What Management sends along with a body (contract 7.1 and 15.1). */
export interface SignatureHeaders {
  /** `X-Hmac-Signature`: `sha256=<hex>`. */
  readonly signature: string
  /** `X-Hmac-Timestamp`, epoch seconds or ISO 8601; empty: the signature covers the body alone. */
  readonly timestamp: string
}

const covered = (timestamp: string, body: string | Uint8Array): (string | Uint8Array)[] =>
  timestamp === '' ? [body] : [`${timestamp}.`, body]

/** The value of `X-Hmac-Signature`: HMAC-SHA256 over the body, or over `<timestamp>.<body>`. */
export const signWebhook = (secret: string, body: string | Uint8Array, timestamp = ''): string =>
  `sha256=${hmacHex(secret, ...covered(timestamp, body))}`

/**
 * True when the body was signed with one of the secrets and, if it is stamped, within five minutes of `now`.
 * Takes the same time whichever secret fits, or none.
 */
export function webhookIsSigned(
  secrets: readonly string[],
  body: Uint8Array,
  { signature, timestamp }: SignatureHeaders,
  now: Date,
): boolean {
  const signed = isSignedBy(secrets, FORM.exec(signature)?.[1] ?? '', ...covered(timestamp, body))
  return signed && (timestamp === '' || isRecent(timestamp, now))
}

function isRecent(timestamp: string, now: Date): boolean {
  const sent = /^\d{1,11}$/.test(timestamp) ? Number(timestamp) * 1000 : Date.parse(timestamp)
  return Math.abs(now.getTime() - sent) <= WINDOW_MS
}
