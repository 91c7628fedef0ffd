import { type CompactEntry, rawKey } from './configuration.ts'
import { type CpeName, canonicalValue, hasWildcard, parseName, splitValues, unquote } from './name.ts'
import type { ReasonCode } from './reasons.ts'
import { compareValues } from './relation.ts'
import { compareVersions } from './version.ts'
import { type SchemeName, schemeFor } from './version-schemes.ts'

/** How sure a match is, ordered so that AND is the least and OR the greatest. */
export type Certainty = 0 | 1 | 2

/** A criterion that matched an asset's name: 2 confirmed, 1 possible, and what decided. */
export interface CriterionMatch {
  readonly certainty: 1 | 2
  readonly code: ReasonCode
}

/** `part:vendor:product` of a group, parsed once. */
export interface ProductPattern {
  readonly values: readonly string[]
  readonly key: string
  /** False when ANY, NA or a wildcard is among the three: then equal keys are not the only match. */
  readonly exact: boolean
}

interface TailPattern {
  /** version, update, edition, language, sw_edition, target_sw, target_hw, other. */
  readonly values: readonly string[]
  readonly version: string
  readonly fullVersion: string
  readonly head: number
}

const CACHE_LIMIT = 100_000
const products = new Map<string, ProductPattern | null>()
const tails = new Map<string, TailPattern | null>()
const schemes = new Map<string, SchemeName>()

function cached<T>(cache: Map<string, T>, text: string, read: (text: string) => T): T {
  const known = cache.get(text)
  if (known !== undefined) return known
  const value = read(text)
  if (cache.size >= CACHE_LIMIT) cache.clear()
  cache.set(text, value)
  return value
}

/** The product pattern of a group key, or null when the criteria cannot be read (it then matches nothing). */
export function productPattern(key: string): ProductPattern | null {
  return cached(products, key, readProduct)
}

function readProduct(key: string): ProductPattern | null {
  const values = canonicalValues(splitValues(key))
  if (values?.length !== 3) return null
  const exact = values.every(value => value !== '*' && value !== '-' && !hasWildcard(value))
  return { values, key: values.join(':'), exact }
}

function canonicalValues(raw: readonly string[]): string[] | undefined {
  const values = raw.map(canonicalValue)
  return values.every(value => value !== undefined) ? values : undefined
}

/** The product pattern and tail of an entry whose criteria is kept whole; undefined when it is no CPE name. */
export function wholeCriteria(criteria: string): { product: ProductPattern; tail: string } | undefined {
  try {
    const name = parseName(criteria)
    const product = productPattern(rawKey(name.text))
    return product ? { product, tail: name.values.slice(3).join(':') } : undefined
  } catch {
    return undefined
  }
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
    head: headOf(plain),
  }
}

const isConcrete = (value: string): boolean => value !== '*' && value !== '-'

const headOf = (version: string): number => Number.parseInt(/\d+/.exec(version)?.[0] ?? '', 10)

/**
 * Whether a product pattern covers the asset's product: 2 yes; 1 only if the asset's vendor, which is unknown, is the
 * record's; 0 no. A pattern that is narrower in the vendor and wider in the product, or the other way round, is
 * refused: together they would match half the catalogue.
 */
export function matchProduct(pattern: ProductPattern, asset: CpeName): Certainty {
  if (pattern.key === asset.key) return 2
  if (pattern.exact && isConcrete(asset.values[1] ?? '*')) return 0
  const [part = '*', vendor = '*', product = '*'] = pattern.values
  const [assetPart = '*', assetVendor = '*', assetProduct = '*'] = asset.values
  const partRelation = compareValues(part, assetPart)
  const vendorRelation = compareValues(vendor, assetVendor)
  const productRelation = compareValues(product, assetProduct)
  if (partRelation !== 'EQUAL' && partRelation !== 'SUPERSET') return 0
  if (productRelation !== 'EQUAL' && productRelation !== 'SUPERSET') return 0
  if (vendorRelation === 'SUBSET') return productRelation === 'EQUAL' ? 1 : 0
  return vendorRelation === 'EQUAL' || vendorRelation === 'SUPERSET' ? 2 : 0
}

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
  const pattern = cached(tails, tail, readTail)
  if (!pattern) return undefined
  const version = typeof entry === 'string' ? exactVersion(pattern, asset, vulnerable) : versionInRange(entry, asset)
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
  const head = headOf(asset.version)
  if (pattern.head !== head && !(Number.isNaN(head) && Number.isNaN(pattern.head))) return undefined
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
  return cached(schemes, asset.key, () => schemeFor(unquote(asset.values[1] ?? ''), unquote(asset.values[2] ?? '')))
}

// Bounds speak of the version alone; only where a bound spells out an update ("2022 su5") is the asset's update read
// along with its version.
function versionInRange(entry: readonly string[], asset: CpeName): VersionMatch | undefined {
  const target = asset.values[3] ?? '*'
  if (target === '*') return UNKNOWN
  if (target === '-') return NOT_APPLICABLE
  if (hasWildcard(target)) return undefined
  const scheme = schemeOf(asset)
  let match = IN_RANGE
  for (let index = 1; index < entry.length; index++) {
    const bound = entry[index] ?? ''
    const sign = bound[0]
    const limit = bound.slice(1)
    const version = /^[\d.]*$/.test(limit) ? asset.version : asset.fullVersion
    const order = compareVersions(version, limit, scheme)
    if (order === undefined) match = UNDECIDABLE
    else if (order === 0 ? sign === '(' || sign === ')' : order > 0 !== (sign === '[' || sign === '(')) return undefined
  }
  return match
}
