/** A field whose name has one of these words holds a secret. */
const secretWords = new Set(
  `password passwords passwd pwd passphrase secret secrets token tokens jwt authorization bearer cookie cookies credential
  credentials hmac signature sig otp totp pin psk apikey apikeys`.split(/\s+/),
)

/** A key or a code is a secret when one of these stands before it; a business key (`external_key`) has none. */
const secretKinds: Readonly<Record<string, ReadonlySet<string>>> = {
  key: new Set(
    `api secret private device provisioning registration edge access encryption signing shared preshared master session
    webhook account license licence activation product ssh wireguard tls x`.split(/\s+/),
  ),
  code: new Set(['recovery', 'backup', 'verification', 'mfa', 'auth']),
}
const singular: Readonly<Record<string, string>> = { keys: 'key', codes: 'code' }

/** …unless the last word says that it is only about the secret: `key_id`, `token_expires_at`, `password_policy`. */
const aboutSecrets = new Set(
  'id ids name names type kind count length size bytes policy method at days hours minutes seconds'.split(' '),
)

/** Names repeat, so the answer for each is kept; there are only so many of them. */
const known = new Map<string, boolean>()
const MOST_KNOWN = 2_000

/**
 * True for the name of a field that must not get into the audit log: `password`, `X-Device-Key`, `recoveryCodes`,
 * `token_hash`, and `key` alone, under which new keys are shown once. Whole words are compared, so that `external_key`,
 * `key_contact` and `keywords` stay.
 */
export function isSecretField(name: string): boolean {
  let secret = known.get(name)
  if (secret === undefined) {
    secret = decide(name)
    if (known.size < MOST_KNOWN) known.set(name, secret)
  }
  return secret
}

function decide(name: string): boolean {
  const words = name
    .slice(0, 200)
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean)
    .map(word => singular[word] ?? word)
  const last = words.at(-1) ?? ''
  if (last === 'hash' || last === 'hashes') return true
  if (aboutSecrets.has(last)) return false
  if (words.length === 1 && last === 'key') return true
  return words.some((word, at) => secretWords.has(word) || secretKinds[word]?.has(words[at - 1] ?? ''))
}
