/** What stands in a log in place of a secret. */
export const redacted = '[redacted]'

/** A field whose name has one of these words holds a secret or a body. */
const secretWords = new Set(
  `authorization auth bearer cookie cookies password passwords passwd pwd passphrase token tokens secret secrets key keys
  apikey hmac signature sig otp totp recovery jwt credential credentials pin body bindings`.split(/\s+/),
)

/** …unless its last word says that it is only about the secret: `key_id`, `token_count`, `auth_policy`. */
const harmlessLastWords = new Set('id ids name names type kind count length size bytes policy method'.split(' '))

/** Names repeat, so the answer for each is kept; names that clients invent must not fill the memory. */
const known = new Map<string, boolean>()
const mostKnown = 2_000

/** True for the name of a field, header or parameter whose value must not be logged: `X-Device-Key`, `totpCode`. */
export function isSecretName(name: string): boolean {
  const answer = known.get(name)
  if (answer !== undefined) return answer
  const words = name
    .slice(0, 200)
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean)
  const secret = words.some(word => secretWords.has(word)) && !harmlessLastWords.has(words.at(-1) ?? '')
  if (known.size < mostKnown) known.set(name, secret)
  return secret
}

const longest = 8_192

/**
 * Takes secrets out of running text: `?token=…` and `password=…`, `//user:pass@host`, `Bearer …`, JSON web tokens,
 * and this system's own keys (`mzk_`, `dvc_`, `prov_`). Text beyond 8,192 characters is cut.
 */
export function redactText(text: string): string {
  const whole = text.length > longest ? `${text.slice(0, longest)}… (${text.length} characters)` : text
  const pairs = whole.includes('=') ? whole.replace(/([\w.%-]{1,64})=([^&\s"'<>;,]+)/g, withoutSecretValue) : whole
  const logins = pairs.includes('@') ? pairs.replace(/\/\/([^\s/:@]*):([^\s/@]+)@/g, `//$1:${redacted}@`) : pairs
  return withoutTokens(logins)
}

const withoutSecretValue = (pair: string, name: string): string => (isSecretName(name) ? `${name}=${redacted}` : pair)

/** Secrets known by their form. */
const withoutTokens = (text: string): string =>
  /bearer|basic|eyJ|mzk_|dvc_|prov_/i.test(text)
    ? text
        .replace(/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${redacted}`)
        .replace(/\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?/g, redacted)
        .replace(/\b(mzk|dvc|prov)_[\w-]{8,}/g, `$1_${redacted}`)
    : text

/**
 * A request's path and query with the values of secret parameters hidden, also an OIDC `code` and `state`.
 * Names are read as they stand: a percent-encoded name belongs to no parameter of ours.
 */
export function redactUrl(url: string): string {
  const start = url.indexOf('?') + 1
  if (start === 0) return withoutTokens(url)
  let out = url.slice(0, start)
  let at = start
  while (at < url.length) {
    const next = url.indexOf('&', at)
    const end = next === -1 ? url.length : next + 1
    const equals = url.indexOf('=', at)
    const name = equals === -1 || equals >= end ? '' : url.slice(at, equals)
    out +=
      name !== '' && (isSecretName(name) || name === 'code' || name === 'state')
        ? `${name}=${redacted}${next === -1 ? '' : '&'}`
        : url.slice(at, end)
    at = end
  }
  return withoutTokens(out)
}

const deepest = 6
const mostItems = 100

/**
 * A copy of a value that may be logged: secrets hidden by name and in text, cycles cut, depth, arrays and text bounded,
 * bytes reduced to their count. `error` turns an Error into fields. The value itself is left alone.
 */
export function redact(value: unknown, error: (error: Error) => unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) return error(value)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`
  if (value instanceof URL) return redactText(value.href)
  if (depth >= deepest) return Array.isArray(value) ? '[array]' : '[object]'
  if (value instanceof Set) return redact([...value], error, depth)
  if (value instanceof Map) return redact(Object.fromEntries(value), error, depth)
  if (Array.isArray(value)) {
    const items = value.slice(0, mostItems).map(item => redact(item, error, depth + 1))
    return value.length > mostItems ? [...items, `… (${value.length} items)`] : items
  }
  const copy: Record<string, unknown> = {}
  for (const name of Object.keys(value).slice(0, mostItems)) {
    copy[name] = redactField(name, value, error, depth + 1)
  }
  return copy
}

/** The loggable form of one field of an object; a getter that throws becomes a note instead of a lost line. */
function redactField(name: string, owner: object, error: (error: Error) => unknown, depth: number): unknown {
  let value: unknown
  try {
    value = Reflect.get(owner, name)
  } catch {
    return '[unreadable]'
  }
  const hidden = isSecretName(name) && value !== undefined && value !== null && typeof value !== 'boolean'
  return hidden ? redacted : redact(value, error, depth)
}
