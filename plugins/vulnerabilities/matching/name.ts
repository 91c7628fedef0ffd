import { BoundedCache } from './bounded-cache.ts'

/** The eleven attributes of a CPE name, in the order of the formatted string (NIST IR 7695, 5.2). */
export const ATTRIBUTES = [
  'part',
  'vendor',
  'product',
  'version',
  'update',
  'edition',
  'language',
  'sw_edition',
  'target_sw',
  'target_hw',
  'other',
] as const

/** Longest name accepted, in characters; the longest of the 1.8 million criteria of the NVD has 191. */
export const MAX_NAME_LENGTH = 512

/**
 * A parsed CPE 2.3 name. Values are lower case and in one spelling: `*` is ANY, `-` is NA, and only punctuation other
 * than `.`, `-` and `_` is quoted, so two values mean the same exactly when their texts are equal.
 */
export interface CpeName {
  /** The whole name as a formatted string in that spelling. */
  readonly text: string
  /** `part:vendor:product`. */
  readonly key: string
  /** Eleven values, see ATTRIBUTES. */
  readonly values: readonly string[]
  /** The version without quoting, or `*` or `-`; what compareVersions reads. */
  readonly version: string
  /** The version followed by the update, when the update is a concrete value; otherwise the version. */
  readonly fullVersion: string
}

/** A CPE name that cannot be read. `message` says what is wrong, where, and what to write instead. */
export class CpeNameError extends Error {
  override readonly name = 'CpeNameError'
}

// The value grammar of the CPE 2.3 naming schema: wildcards only at the ends, every other sign quoted. A quoted
// ".", "-" or "_" is not in the grammar, but older dictionaries wrote it and its meaning is clear.
const VALUE = /^(?:\*|-|(?:\*|\?+)?(?:[a-z0-9._-]|\\[!-/:-@[-`{-~])+(?:\*|\?+)?)$/
const PREFIX = 'cpe:2.3:'
const names = new BoundedCache<CpeName>(20_000)

/**
 * Splits at the colons that are not quoted, from `start` to the end.
 */
export function splitValues(text: string, start = 0): string[] {
  const values: string[] = []
  let from = start
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 92) at++
    else if (code === 58) {
      values.push(text.slice(from, at))
      from = at + 1
    }
  }
  values.push(text.slice(from))
  return values
}

/** One value in the spelling of CpeName, or undefined when it breaks the grammar. */
export function canonicalValue(value: string): string | undefined {
  const lower = value.toLowerCase()
  if (!VALUE.test(lower)) return undefined
  return lower.includes('\\') && lower !== '\\-' ? lower.replace(/\\([._-])/g, '$1') : lower
}

/** Takes the quoting off a value: `15.2\(4\)e7` becomes `15.2(4)e7`. */
export function unquote(value: string): string {
  return value.includes('\\') ? value.replace(/\\(.)/g, '$1') : value
}

/** True when the value holds an unquoted `*` or `?` beside other characters (ANY itself is not a wildcard). */
export function hasWildcard(value: string): boolean {
  if (value.length < 2) return value === '?'
  const first = value.charCodeAt(0)
  if (first === 42 || first === 63) return true
  const last = value.charCodeAt(value.length - 1)
  return (last === 42 || last === 63) && !/(?:^|[^\\])(?:\\\\)*\\.$/.test(value)
}

/**
 * Reads a CPE 2.3 formatted string (NIST IR 7695, 6.2). Results are cached.
 * @throws CpeNameError when the text is longer than MAX_NAME_LENGTH, does not have eleven values, or a value is
 * misquoted or holds a wildcard anywhere but at its ends.
 */
export function parseName(text: string): CpeName {
  return names.get(text, readName)
}

function readName(text: string): CpeName {
  if (text.length > MAX_NAME_LENGTH) {
    throw new CpeNameError(`CPE name has ${text.length} characters; at most ${MAX_NAME_LENGTH} are allowed`)
  }
  if (text.slice(0, PREFIX.length).toLowerCase() !== PREFIX) {
    throw new CpeNameError(`CPE name "${text}" does not start with "${PREFIX}"`)
  }
  const raw = splitValues(text, PREFIX.length)
  if (raw.length !== ATTRIBUTES.length) {
    throw new CpeNameError(
      `CPE name "${text}" has ${raw.length} values after "cpe:2.3"; it needs ${ATTRIBUTES.length} (${ATTRIBUTES.join(', ')}). A colon inside a value is written "\\:"`,
    )
  }
  return buildName(raw.map((value, index) => checkedValue(text, value, index)))
}

function checkedValue(text: string, value: string, index: number): string {
  const attribute = ATTRIBUTES[index] ?? ''
  const canonical = canonicalValue(value)
  if (canonical === undefined) {
    throw new CpeNameError(
      value === ''
        ? `CPE name "${text}" has an empty ${attribute}; write "*" for any value or "-" for none`
        : `CPE name "${text}" has a malformed ${attribute} "${value}": quote every sign except ".", "-" and "_" with "\\", and use "*" or "?" only at the ends`,
    )
  }
  if (index === 0 && !/^[aoh*-]$/.test(canonical)) {
    throw new CpeNameError(`CPE name "${text}" has the part "${value}"; it must be a, o, h, * or -`)
  }
  return canonical
}

function buildName(values: readonly string[]): CpeName {
  const [part = '*', vendor = '*', product = '*', version = '*', update = '*'] = values
  const plain = unquote(version)
  const concrete = version !== '*' && version !== '-' && update !== '*' && update !== '-'
  return {
    text: PREFIX + values.join(':'),
    key: `${part}:${vendor}:${product}`,
    values,
    version: plain,
    fullVersion: concrete ? `${plain} ${unquote(update)}` : plain,
  }
}

/**
 * Completes what people and tools write into a full formatted string in the spelling of CpeName: missing trailing
 * values become `*`, and a CPE 2.2 URI (`cpe:/o:siemens:…`) is bound anew as CPE 2.3.
 * @throws CpeNameError as parseName does
 */
export function normaliseName(text: string): string {
  const trimmed = text.trim()
  if (trimmed.length > MAX_NAME_LENGTH) return parseName(trimmed).text
  if (/^cpe:\//i.test(trimmed)) return parseName(fromUri(trimmed)).text
  if (!trimmed.toLowerCase().startsWith(PREFIX)) return parseName(trimmed).text
  const values = splitValues(trimmed, PREFIX.length)
  while (values.length < ATTRIBUTES.length) values.push('*')
  return parseName(PREFIX + values.join(':')).text
}

// NIST IR 7695, 6.1.3: an empty component is ANY, %01 is "?", %02 is "*", and an edition that starts with "~" packs
// edition, sw_edition, target_sw, target_hw and other.
function fromUri(text: string): string {
  const parts = text.slice('cpe:/'.length).split(':')
  if (parts.length > 7)
    throw new CpeNameError(`CPE URI "${text}" has ${parts.length} components; at most 7 are allowed`)
  const [part = '', vendor = '', product = '', version = '', update = '', edition = '', language = ''] = parts
  const packed = edition.startsWith('~') ? edition.slice(1).split('~') : [edition]
  if (packed.length > 5) throw new CpeNameError(`CPE URI "${text}" packs more than 5 values into its edition`)
  const [plain = '', swEdition = '', targetSw = '', targetHw = '', other = ''] = packed
  const values = [part, vendor, product, version, update, plain, language, swEdition, targetSw, targetHw, other]
  return PREFIX + values.map(value => fromUriValue(text, value)).join(':')
}

function fromUriValue(text: string, value: string): string {
  if (value === '') return '*'
  if (value === '-') return '-'
  return value.replace(/%01|%02|%([0-9a-f]{2})|[^a-z0-9._-]/gi, (sign, hex: string | undefined) => {
    if (sign === '%01') return '?'
    if (sign === '%02') return '*'
    if (sign === '%') throw new CpeNameError(`CPE URI "${text}" has a "%" that is not followed by two hex digits`)
    const character = hex === undefined ? sign : String.fromCharCode(Number.parseInt(hex, 16))
    return /[a-z0-9._-]/i.test(character) ? character : `\\${character}`
  })
}

/**
 * Reads the name of something in an inventory, completing it as normaliseName does.
 * Refused besides malformed names: a part other than a, o or h; a product of `*` or `-`, which would match every
 * product of the vendor; a vendor of `*`, because unrelated products share names (root, act, mail), and CVEs are found
 * by vendor and product; and `*` or `?` inside any value, because the standard leaves the comparison with such a target
 * undefined and the asset would silently never match (write `*` alone for an unknown version).
 * @throws CpeNameError with the reason
 */
export function validateAssetCpe(text: string): CpeName {
  const name = parseName(normaliseName(text))
  const [part, vendor, product] = name.values
  if (part === '*' || part === '-') {
    throw new CpeNameError(
      `Asset CPE "${text}" needs the part a (application), o (operating system, firmware) or h (hardware)`,
    )
  }
  if (product === '*' || product === '-') {
    throw new CpeNameError(
      `Asset CPE "${text}" has the product "${product}"; name the product, or every CVE of the vendor would match`,
    )
  }
  if (vendor === '*') {
    throw new CpeNameError(
      `Asset CPE "${text}" has the vendor "*"; name the vendor, for products of others may be called "${product}", too`,
    )
  }
  const at = name.values.findIndex(hasWildcard)
  if (at >= 0) {
    throw new CpeNameError(
      `Asset CPE "${text}" has a wildcard inside its ${ATTRIBUTES[at]} "${name.values[at]}"; write the exact value, or "*" alone if it is unknown`,
    )
  }
  return name
}
