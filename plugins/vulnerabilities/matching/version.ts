import { BoundedCache } from './bounded-cache.ts'
import { compareDeb, compareRpm, compareSemver, compareText } from './version-packages.ts'
import { comparePlain } from './version-plain.ts'
import { SCHEME_ALIASES, SCHEMES, type SchemeName, type VersionScheme, type WordRule } from './version-schemes.ts'

// A version is read as numbers (the release) and then segments, each a word with its numbers:
//   17.4R2-S6 = [17,4] (r,[2]) (s,[6])      9.9.4-65 = [9,9,4] ('',[65])      V16 SP1 = [16] (sp,[1])
// Releases are compared first, a missing number being 0; then the segments, by the rules of the scheme's table.
/** Numbers longer than 15 digits (time stamps, hashes of digits) stay exact as bigint. */
type Count = number | bigint

interface Segment {
  readonly word: string
  readonly rule: WordRule | undefined
  readonly numbers: Count[]
}

interface ParsedVersion {
  /** `word` and `hash` are equal to themselves and comparable with nothing. */
  readonly kind: 'release' | 'date' | 'word' | 'hash'
  readonly text: string
  readonly prefix: string
  readonly release: readonly Count[]
  readonly segments: readonly Segment[]
}

const toCount = (digits: string): Count => (digits.length > 15 ? BigInt(digits) : Number(digits))

const MAX_VERSION_LENGTH = 128
const caches = Object.fromEntries(
  Object.keys(SCHEMES).map(name => [name, new BoundedCache<ParsedVersion>(20_000)]),
) as Record<SchemeName, BoundedCache<ParsedVersion>>

const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:[t _](\d{2})[-:](\d{2})[-:](\d{2})z?)?/
const COMPACT_DATE = /^((?:19|20)\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/
const HASH = /^(?=\d*[a-f]+[0-9a-f]*\d|\d+[a-f]{2})[0-9a-f]{7,40}$/
const NUMBER_SEGMENT: WordRule = { class: '', rank: 5 }
const RELEASE_WITH_NUMBER: WordRule = { class: 'revision', rank: 30 }
const UNKNOWN_WORD: WordRule = { class: 'word', rank: 20 }
const PATCH_LETTER: WordRule = { class: 'letter', rank: 35 }

/** The scheme of that name or alias. @throws RangeError when there is none */
export function findScheme(name: string): SchemeName {
  if (Object.hasOwn(SCHEMES, name)) return name as SchemeName
  const alias = Object.hasOwn(SCHEME_ALIASES, name) ? SCHEME_ALIASES[name] : undefined
  if (alias) return alias
  throw new RangeError(`Unknown version scheme "${name}"; known are ${Object.keys(SCHEMES).join(', ')}`)
}

/**
 * Orders two versions: -1, 0 or 1, or undefined when their order cannot be known (a commit hash, two
 * parallel release lines, a word no table explains, an empty text, `*` or `-`).
 * Texts are compared without case and may be quoted as in a CPE name. `scheme` is a name of SCHEMES or an alias;
 * texts that do not fit semver, deb or rpm are compared as generic.
 * @throws RangeError when the scheme is unknown
 */
export function compareVersions(a: string, b: string, scheme = 'generic'): number | undefined {
  const name = findScheme(scheme)
  const left = clean(a)
  const right = clean(b)
  if (left === undefined || right === undefined) return undefined
  if (left === right) return 0
  const rules = SCHEMES[name]
  const plain = rules.plain ? comparePlain(left, right) : undefined
  if (plain !== undefined) return Math.sign(plain)
  const order = comparePublished(left, right, rules) ?? compareParsed(parsed(left, name), parsed(right, name), rules)
  return order && Math.sign(order)
}

function comparePublished(a: string, b: string, scheme: VersionScheme): number | undefined {
  switch (scheme.algorithm) {
    case 'semver':
      return compareSemver(a, b)
    case 'deb':
      return compareDeb(a, b)
    case 'rpm':
      return compareRpm(a, b)
    case 'segments':
      return undefined
  }
}

function clean(version: string): string | undefined {
  if (version.length === 0 || version.length > MAX_VERSION_LENGTH) return undefined
  const plain = version.includes('\\') ? version.replace(/\\(.)/g, '$1') : version
  const text = plain.trim().toLowerCase()
  return text === '' || text === '*' || text === '-' ? undefined : text
}

function parsed(text: string, name: SchemeName): ParsedVersion {
  return caches[name].get(text, version => parseVersion(version, SCHEMES[name]))
}

function parseVersion(original: string, scheme: VersionScheme): ParsedVersion {
  const bare = { text: original, prefix: '', release: [], segments: [] }
  if (HASH.test(original)) return { ...bare, kind: 'hash' }
  let text = original
  for (const [pattern, replacement] of scheme.rewrites) text = text.replace(pattern, replacement)
  const start = text.search(/\d/)
  if (start < 0) return { ...bare, kind: 'word' }
  const prefix = (text.slice(0, start).match(/[a-z]+/g) ?? []).filter(word => !scheme.prefixes.has(word)).join(' ')
  const body = text.slice(start)
  const date = DATE.exec(body)
  const numbersAndRest = date
    ? { release: date.slice(1).filter(Boolean).map(toCount), rest: body.slice(date[0].length) }
    : readRelease(body)
  const { rest } = numbersAndRest
  let { release } = numbersAndRest
  const compact = rest === '' && release.length === 1 ? COMPACT_DATE.exec(body) : null
  if (compact) release = compact.slice(1).map(toCount)
  const segments = readSegments(rest, scheme)
  return { kind: date || compact ? 'date' : 'release', text: original, prefix, release, segments }
}

function readRelease(body: string): { release: Count[]; rest: string } {
  const numbers = /^\d+(?:\.\d+)*/.exec(body)?.[0] ?? ''
  return { release: numbers.split('.').map(toCount), rest: body.slice(numbers.length) }
}

function readSegments(rest: string, scheme: VersionScheme): Segment[] {
  const segments: Segment[] = []
  let separator = ''
  const tokens = rest.match(/\d+|[a-z]+|[^a-z0-9]+/g) ?? []
  for (const [at, token] of tokens.entries()) {
    const last = segments.at(-1)
    if (/^\d/.test(token)) {
      const joins = last && (last.numbers.length === 0 || separator === '.')
      if (joins) last.numbers.push(toCount(token))
      else segments.push({ word: '', rule: NUMBER_SEGMENT, numbers: [toCount(token)] })
      separator = ''
    } else if (/^[a-z]/.test(token)) {
      const followed = /^\d/.test(tokens[at + 1] ?? '')
      segments.push({ word: token, rule: wordRule(token, followed, scheme), numbers: [] })
      separator = ''
    } else separator = token
  }
  return segments.map(settle).filter(segment => segment.rule?.rank !== 0)
}

function wordRule(word: string, followedByNumber: boolean, scheme: VersionScheme): WordRule | undefined {
  const exact = followedByNumber ? `${word}#` : word
  if (Object.hasOwn(scheme.words, exact)) return scheme.words[exact]
  if (Object.hasOwn(scheme.words, word)) return scheme.words[word]
  if (word.length <= scheme.patchLetters) return PATCH_LETTER
  return scheme.unknownWords === 'alphabetical' ? UNKNOWN_WORD : undefined
}

// `release` alone says nothing, but `1.4.2_release1` counts; numbers beyond `take` are build counters.
function settle(segment: Segment): Segment {
  const { rule, numbers } = segment
  if (rule?.rank === 0 && rule.class === 'release' && numbers.length > 0 && segment.word === 'release') {
    return { ...segment, rule: RELEASE_WITH_NUMBER }
  }
  return rule?.take !== undefined ? { ...segment, numbers: numbers.slice(0, rule.take) } : segment
}

function compareParsed(a: ParsedVersion, b: ParsedVersion, scheme: VersionScheme): number | undefined {
  if (a.text === b.text) return 0
  const zero = isZero(a) || isZero(b)
  if (a.kind !== b.kind && !zero) return undefined
  if (a.kind === 'word' || a.kind === 'hash' || b.kind === 'word' || b.kind === 'hash') return undefined
  if (a.prefix !== b.prefix && !zero) return undefined
  return compareNumbers(a.release, b.release) || compareSegments(a.segments, b.segments, scheme)
}

// "0" as a lower bound means "from the first version on", in whatever notation the others are.
function isZero(version: ParsedVersion): boolean {
  return (
    version.kind === 'release' && version.segments.length === 0 && version.release.every(number => Number(number) === 0)
  )
}

function compareNumbers(a: readonly Count[], b: readonly Count[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const [left, right] = [a[index] ?? 0, b[index] ?? 0]
    if (left < right) return -1
    if (left > right) return 1
  }
  return 0
}

function compareSegments(a: readonly Segment[], b: readonly Segment[], scheme: VersionScheme): number | undefined {
  let [left, right] = [0, 0]
  while (left < a.length || right < b.length) {
    const [mine, theirs] = [a[left], b[right]]
    if (mine?.rule?.build && !theirs?.rule?.build) left++
    else if (theirs?.rule?.build && !mine?.rule?.build) right++
    else {
      const order = compareSegment(mine, theirs, scheme)
      if (order !== 0) return order
      left++
      right++
    }
  }
  return 0
}

function compareSegment(a: Segment | undefined, b: Segment | undefined, scheme: VersionScheme): number | undefined {
  if (!a || !b) {
    const rest = a ?? b
    if (!rest?.rule) return undefined
    if (rest.rule.class === '' && rest.numbers.every(number => Number(number) === 0)) return 0
    return rest === a ? rest.rule.rank : -rest.rule.rank
  }
  if (!a.rule || !b.rule) return a.word === b.word ? compareNumbers(a.numbers, b.numbers) : undefined
  if (a.rule.class !== b.rule.class) {
    if (a.rule.line || b.rule.line) return undefined
    const comparable = scheme.ordered || a.rule.rank < 0 || b.rule.rank < 0
    return comparable && a.rule.rank !== b.rule.rank ? a.rule.rank - b.rule.rank : undefined
  }
  const numbers = compareNumbers(a.numbers, b.numbers)
  if (a.rule.line && numbers !== 0) return undefined
  return compareWords(a, b) || numbers
}

// Words of one class are synonyms, except where the class stands for any letter or any word.
function compareWords(a: Segment, b: Segment): number {
  if (a.rule === PATCH_LETTER) return a.word.length - b.word.length || compareText(a.word, b.word)
  return a.rule === UNKNOWN_WORD ? compareText(a.word, b.word) : 0
}
