import { BoundedCache } from './bounded-cache.ts'
import type { CompactEntry } from './configuration.ts'
import { type CpeName, canonicalValue, hasWildcard, splitValues, unquote } from './name.ts'
import type { ReasonCode } from './reasons.ts'
import { compareValues } from './relation.ts'
import { compareVersions } from './version.ts'
import { differPlainly } from './version-plain.ts'
import { type SchemeName, schemeFor } from './version-schemes.ts'

/** A criterion that matched an asset's name: 2 confirmed, 1 possible, and what decided. */
export interface CriterionMatch {
  readonly certainty: 1 | 2
  readonly code: ReasonCode
}

interface TailPattern {
  /** version, update, edition, language, sw_edition, target_sw, target_hw, other. */
  readonly values: readonly string[]
  readonly version: string
  readonly fullVersion: string
}

const NUMBERS = /^[\d.]*$/
const tails = new BoundedCache<TailPattern | null>(100_000)
const schemes = new BoundedCache<SchemeName>(100_000)

function canonicalValues(raw: readonly string[]): string[] | undefined {
  const values = raw.map(canonicalValue)
  return values.every(value => value !== undefined) ? values : undefined
}

function readTail(tail: string): TailPattern | null {
  const raw = tail === '' ? [] : splitValues(tail)
  const values = canonicalValues(raw)
  if (!values || values.length > 8) return null
  while (values.length < 8) values.push('*')
  const [version = '*', update = '*'] = values
  const plain = unquote(version)
  return {
    values,
    version: plain,
    fullVersion: isConcrete(version) && isConcrete(update) ? `${plain} ${unquote(update)}` : plain,
  }
}

const isConcrete = (value: string): boolean => value !== '*' && value !== '-'

// What is missing in the asset's name when the record names it and the asset does not; from `edition` on.
const UNKNOWN_CODES: readonly ReasonCode[] = [
  'edition_unknown',
  'edition_unknown',
  'edition_unknown',
  'platform_unknown',
  'platform_unknown',
  'edition_unknown',
]

/**
 * Matches the version and everything after it. The product has matched already.
 * @returns undefined when the criterion does not cover the asset
 */
export function matchEntry(entry: CompactEntry, asset: CpeName, vulnerable: boolean): CriterionMatch | undefined {
  const tail = typeof entry === 'string' ? entry : entry[0]
  if (typeof entry === 'string' && differPlainly(tail, asset.version)) return undefined
  const pattern = tails.get(tail, readTail)
  if (!pattern) return undefined
  const version =
    typeof entry === 'string' ? exactVersion(pattern, asset, vulnerable) : versionInRange(entry, pattern, asset)
  if (!version) return undefined
  let code = version.code
  let certainty = version.certainty
  if (!version.updateDecided) {
    const update = compareValues(pattern.values[1] ?? '*', asset.values[4] ?? '*')
    if (update === 'DISJOINT' || update === 'UNDEFINED') return undefined
    if (update === 'SUBSET' && certainty === 2) [certainty, code] = [1, 'update_unknown']
  }
  for (let index = 2; index < 8; index++) {
    const source = pattern.values[index] ?? '*'
    const target = asset.values[index + 3] ?? '*'
    if (source === target) continue
    const relation = compareValues(source, target)
    if (relation === 'DISJOINT' || relation === 'UNDEFINED') return undefined
    if (relation === 'SUBSET' && certainty === 2) [certainty, code] = [1, UNKNOWN_CODES[index - 2] ?? 'edition_unknown']
  }
  return { certainty, code }
}

interface VersionMatch extends CriterionMatch {
  /** True when the update was compared together with the version. */
  readonly updateDecided?: boolean
}

const UNKNOWN: VersionMatch = { certainty: 1, code: 'version_unknown' }
const ALL: VersionMatch = { certainty: 2, code: 'all_versions' }
const NONE_BOTH: VersionMatch = { certainty: 2, code: 'no_version' }
const EXACT: VersionMatch = { certainty: 2, code: 'exact_version' }
const EXACT_WITH_UPDATE: VersionMatch = { certainty: 2, code: 'exact_version', updateDecided: true }
const NOT_APPLICABLE: VersionMatch = { certainty: 1, code: 'version_not_applicable' }
const UNDECIDABLE: VersionMatch = { certainty: 1, code: 'version_undecidable' }
const IN_RANGE: VersionMatch = { certainty: 2, code: 'version_in_range' }

// A criteria without bounds. A platform in any version is met by an asset whose version nobody knows; a vulnerable
// product in any version is only possible then, because such criteria are often a record's lack of knowledge.
function exactVersion(pattern: TailPattern, asset: CpeName, vulnerable: boolean): VersionMatch | undefined {
  const source = pattern.values[0] ?? '*'
  const target = asset.values[3] ?? '*'
  if (source === '*') {
    if (target === '*' && vulnerable) return UNKNOWN
    return hasWildcard(target) ? undefined : ALL
  }
  if (target === '*') return UNKNOWN
  if (source === '-' || target === '-') return source === target ? NONE_BOTH : undefined
  if (source === target) return updatesDiffer(pattern, asset) ? sameVersion(pattern, asset) : EXACT
  if (hasWildcard(source) || hasWildcard(target)) {
    return compareValues(source, target) === 'SUPERSET' ? EXACT : undefined
  }
  return sameVersion(pattern, asset)
}

function updatesDiffer(pattern: TailPattern, asset: CpeName): boolean {
  const [source = '*', target = '*'] = [pattern.values[1], asset.values[4]]
  return source !== target && isConcrete(source) && isConcrete(target)
}

// "1.0" is "1.0.0", and "17.4r2" without an update is "17.4" with the update "r2".
function sameVersion(pattern: TailPattern, asset: CpeName): VersionMatch | undefined {
  const scheme = schemeOf(asset)
  const spelled = pattern.fullVersion !== pattern.version || asset.fullVersion !== asset.version
  if (spelled && compareVersions(pattern.fullVersion, asset.fullVersion, scheme) === 0) return EXACT_WITH_UPDATE
  return compareVersions(pattern.version, asset.version, scheme) === 0 ? EXACT : undefined
}

function schemeOf(asset: CpeName): SchemeName {
  return schemes.get(asset.key, () => schemeFor(unquote(asset.values[1] ?? ''), unquote(asset.values[2] ?? '')))
}

// Bounds speak of the version alone; only where a bound spells out an update ("2022 su5"), and neither the asset's
// version nor the record's update attribute does, is the asset's update read along with its version.
function versionInRange(entry: readonly string[], pattern: TailPattern, asset: CpeName): VersionMatch | undefined {
  const target = asset.values[3] ?? '*'
  if (target === '*') return UNKNOWN
  if (target === '-') return NOT_APPLICABLE
  if (hasWildcard(target)) return undefined
  const scheme = schemeOf(asset)
  const spelled = pattern.values[1] === '*' && NUMBERS.test(asset.version)
  let match = IN_RANGE
  for (let index = 1; index < entry.length; index++) {
    const bound = entry[index] ?? ''
    const sign = bound[0]
    const limit = bound.slice(1)
    const version = spelled && !NUMBERS.test(limit) ? asset.fullVersion : asset.version
    const order = compareVersions(version, limit, scheme)
    if (order === undefined) match = UNDECIDABLE
    else if (order === 0 ? sign === '(' || sign === ')' : order > 0 !== (sign === '[' || sign === '(')) return undefined
  }
  return match
}
