import {
  boundsOf,
  type CompactConfiguration,
  type CompactConfigurations,
  type CompactEntry,
  type CompactNode,
  criteriaOf,
  type VersionBounds,
} from './configuration.ts'
import {
  type Certainty,
  type CriterionMatch,
  matchEntry,
  matchProduct,
  type ProductPattern,
  productPattern,
  wholeCriteria,
} from './criterion.ts'
import type { CpeName } from './name.ts'
import { isOfFamily } from './platform-families.ts'
import { REASONS, type ReasonCode } from './reasons.ts'

// How a configuration is decided
//
// Every criterion has one of three values for an asset: 2 confirmed, 1 possible, 0 none. AND is the least, OR the
// greatest, and NOT x is 2 - x, so "possible" stays possible (Kleene's three-valued logic). `negate` is first pushed
// down to the criteria: it swaps AND and OR on its way.
//
// An inventory is open: what is not in it may still be there. So a term of an AND that matches nothing is
//   - 1 (possible, platform not known) if the inventory says nothing about it,
//   - 0 if it does: it holds the same product in another version, or, for an operating system or hardware, another
//     product of that part which no other term of the AND has used. Applications never exclude each other.
// A negated criterion that matches nothing is 1 or 2 by the same rule.
//
// A finding needs evidence: at least one criterion that is vulnerable: true, not negated, and matches. It is as sure
// as the weaker of the configuration and its best evidence. Hence platforms alone, or absence alone, find nothing,
// and an empty node is 0. Configurations are OR-ed; the surest ones decide.

/** confirmed: the asset is affected as recorded; possible: something needed is not known; none: not affected. */
export type Confidence = 'confirmed' | 'possible' | 'none'

/** One criterion that decided, and why. */
export interface CriteriaMatch {
  /** The criteria as the feed wrote it. */
  readonly criteria: string
  readonly bounds: VersionBounds
  /** The asset's CPE that matched; undefined where nothing in the inventory speaks about the criteria. */
  readonly assetCpe: string | undefined
  readonly vulnerable: boolean
  readonly confidence: 'confirmed' | 'possible'
  /** Position in `configurations`, and of the node in it. */
  readonly configuration: number
  readonly node: number
  readonly code: ReasonCode
  /** The sentence for the code. */
  readonly reason: string
}

/** The answer for one CVE and one asset. */
export interface Evaluation {
  readonly confidence: Confidence
  /** The criteria that decided, at most MAX_MATCHES; empty for `none`. */
  readonly matches: readonly CriteriaMatch[]
}

/** Most criteria listed for one answer. */
export const MAX_MATCHES = 50

const NONE: Evaluation = Object.freeze({ confidence: 'none', matches: Object.freeze([]) as readonly CriteriaMatch[] })
const CONFIDENCES: readonly Confidence[] = ['none', 'possible', 'confirmed']

interface Criterion {
  readonly key: string
  readonly entry: CompactEntry
  readonly vulnerable: boolean
  readonly product: ProductPattern | null
}

interface Found extends CriterionMatch {
  readonly criterion: Criterion
  readonly asset: CpeName
}

/** An operand of an AND: the criteria of an OR node, or a single criterion of an AND node. */
interface Term {
  readonly node: number
  readonly negated: boolean
  readonly criteria: () => Iterable<Criterion>
  readonly found: readonly Found[]
}

interface Outcome {
  readonly certainty: Certainty
  readonly matches: readonly CriteriaMatch[]
}

/**
 * Decides a compiled CVE for one asset, given all CPE names of that asset (and of no other: a firewall in front of it
 * is not "running on" it). Names whose product is `*` or `-` match nothing; validateAssetCpe refuses them earlier.
 */
export function evaluateCompact(configurations: CompactConfigurations, assets: readonly CpeName[]): Evaluation {
  const named = assets.some(isOpen) ? assets.filter(asset => !isOpen(asset)) : assets
  if (named.length === 0) return NONE
  let best: Certainty = 0
  let matches: CriteriaMatch[] = []
  for (let index = 0; index < configurations.length; index++) {
    const configuration = configurations[index]
    const outcome = configuration && evaluateConfiguration(configuration, index, named)
    if (!outcome || outcome.certainty === 0 || outcome.certainty < best) continue
    if (outcome.certainty > best) matches = []
    best = outcome.certainty
    matches.push(...outcome.matches)
  }
  if (best === 0) return NONE
  return { confidence: CONFIDENCES[best] ?? 'none', matches: matches.slice(0, MAX_MATCHES) }
}

function isOpen(asset: CpeName): boolean {
  const product = asset.values[2]
  return product === '*' || product === '-'
}

function evaluateConfiguration(
  configuration: CompactConfiguration,
  index: number,
  assets: readonly CpeName[],
): Outcome | undefined {
  const negated = configuration.n === 1
  const isAnd = (configuration.a === 1) !== negated
  const groups = configuration.d.map((node, at) => termsOf(node, at, negated !== (node.n === 1), assets))
  if (isAnd) return conjunction(groups.flat(), index, assets)
  const outcomes = groups.map(terms => conjunction(terms, index, assets))
  const certainty = Math.max(0, ...outcomes.map(outcome => outcome.certainty)) as Certainty
  return { certainty, matches: outcomes.flatMap(outcome => (outcome.certainty === certainty ? outcome.matches : [])) }
}

function termsOf(node: CompactNode, at: number, negated: boolean, assets: readonly CpeName[]): Term[] {
  const isAnd = (node.a === 1) !== negated
  if (!isAnd) return [{ node: at, negated, criteria: () => criteriaIn(node), found: searchNode(node, assets) }]
  return [...criteriaIn(node)].map(criterion => ({
    node: at,
    negated,
    criteria: () => [criterion],
    found: assets.flatMap(asset => matchCriterion(criterion, asset) ?? []),
  }))
}

function* criteriaIn(node: CompactNode): Generator<Criterion> {
  for (const [key, vulnerable, ...entries] of node.g) {
    for (const entry of entries) yield toCriterion(key, vulnerable === 1, entry)
  }
}

function toCriterion(key: string, vulnerable: boolean, entry: CompactEntry): Criterion {
  if (key !== '') return { key, entry, vulnerable, product: productPattern(key) }
  const whole = wholeCriteria(typeof entry === 'string' ? entry : entry[0])
  return { key, entry, vulnerable, product: whole?.product ?? null }
}

function matchCriterion(criterion: Criterion, asset: CpeName): Found | undefined {
  const certainty = criterion.product ? matchProduct(criterion.product, asset) : 0
  return certainty === 0 ? matchFamily(criterion, asset) : matchVersion(criterion, asset, certainty)
}

function matchFamily(criterion: Criterion, asset: CpeName): Found | undefined {
  const named = !criterion.vulnerable && (criterion.entry === '-' || criterion.entry === '')
  if (!named || !isOfFamily(criterion.key, asset)) return undefined
  return { criterion, asset, certainty: 2, code: 'platform_family' }
}

function matchVersion(criterion: Criterion, asset: CpeName, product: Certainty): Found | undefined {
  const match = matchEntry(readable(criterion), asset, criterion.vulnerable)
  if (!match) return undefined
  const weak = product === 1 && match.certainty === 2
  return { criterion, asset, certainty: weak ? 1 : match.certainty, code: weak ? 'vendor_unknown' : match.code }
}

// An entry kept whole carries its product, too; matchEntry wants the tail alone.
function readable({ key, entry }: Criterion): CompactEntry {
  if (key !== '') return entry
  const text = typeof entry === 'string' ? entry : entry[0]
  const tail = wholeCriteria(text)?.tail ?? ''
  return typeof entry === 'string' ? tail : [tail, ...entry.slice(1)]
}

// The surest match per asset and flag; products that do not concern the asset are passed over group by group.
function searchNode(node: CompactNode, assets: readonly CpeName[]): Found[] {
  const found: Found[] = []
  for (const group of node.g) {
    const [key, flag] = group
    const pattern = key === '' ? undefined : productPattern(key)
    if (pattern === null) continue
    for (const asset of assets) {
      const product = pattern ? matchProduct(pattern, asset) : 2
      if (product === 0 && !(flag === 0 && isOfFamily(key, asset))) continue
      let best: Found | undefined
      for (let at = 2; at < group.length && best?.certainty !== 2; at++) {
        const criterion = { key, entry: group[at] as CompactEntry, vulnerable: flag === 1, product: pattern ?? null }
        const match =
          product === 0
            ? matchFamily(criterion, asset)
            : pattern
              ? matchVersion(criterion, asset, product)
              : matchCriterion(toCriterion('', criterion.vulnerable, criterion.entry), asset)
        if (match && match.certainty > (best?.certainty ?? 0)) best = match
      }
      if (best) found.push(best)
    }
  }
  return found
}

function conjunction(terms: readonly Term[], configuration: number, assets: readonly CpeName[]): Outcome {
  const evidence = terms.reduce((most, term) => Math.max(most, evidenceOf(term)), 0)
  if (evidence === 0) return { certainty: 0, matches: [] }
  const used = new Set(terms.flatMap(term => (term.negated ? [] : term.found.map(found => found.asset))))
  let certainty = evidence
  const matches: CriteriaMatch[] = []
  for (const term of terms) {
    const value = certaintyOf(term, assets, used)
    if (value === 0) return { certainty: 0, matches: [] }
    certainty = Math.min(certainty, value)
    matches.push(...explain(term, value, configuration))
  }
  return { certainty: certainty as Certainty, matches }
}

function evidenceOf(term: Term): Certainty {
  if (term.negated) return 0
  const sure = term.found.map(({ criterion, certainty }) => (criterion.vulnerable ? certainty : 0))
  return Math.max(0, ...sure) as Certainty
}

function certaintyOf(term: Term, assets: readonly CpeName[], used: ReadonlySet<CpeName>): Certainty {
  if (!term.negated) {
    const value = Math.max(0, ...term.found.map(found => found.certainty)) as Certainty
    return value === 0 && !isSpokenOf(term.criteria(), assets, used) ? 1 : value
  }
  let value: Certainty = 0
  for (const criterion of term.criteria()) {
    const matched = assets.reduce((most, asset) => Math.max(most, matchCriterion(criterion, asset)?.certainty ?? 0), 0)
    const absent = matched === 0 && !isSpokenOf([criterion], assets, used)
    value = Math.max(value, absent ? 1 : 2 - matched) as Certainty
  }
  return value
}

// Whether the inventory rules the criteria out, rather than being silent about them.
function isSpokenOf(criteria: Iterable<Criterion>, assets: readonly CpeName[], used: ReadonlySet<CpeName>): boolean {
  let empty = true
  for (const { product } of criteria) {
    empty = false
    if (!product) continue
    const part = product.values[0]
    for (const asset of assets) {
      if (product.key === asset.key || matchProduct(product, asset) > 0) return true
      if ((part === 'o' || part === 'h') && asset.values[0] === part && !used.has(asset)) return true
    }
  }
  return empty
}

function explain(term: Term, value: Certainty, configuration: number): CriteriaMatch[] {
  const where = { configuration, node: term.node }
  if (!term.negated && term.found.length > 0) {
    return term.found.slice(0, MAX_MATCHES).map(({ criterion, asset, certainty, code }) => ({
      ...describe(criterion, asset.text, certainty, code),
      ...where,
    }))
  }
  const [first] = term.criteria()
  if (!first) return []
  return [
    { ...describe(first, undefined, value === 2 ? 2 : 1, value === 2 ? 'not_excluded' : 'platform_unknown'), ...where },
  ]
}

function describe(criterion: Criterion, assetCpe: string | undefined, certainty: 1 | 2, code: ReasonCode) {
  const { entry } = criterion
  return {
    criteria: criteriaOf(criterion.key, typeof entry === 'string' ? entry : entry[0]),
    bounds: boundsOf(entry),
    assetCpe,
    vulnerable: criterion.vulnerable,
    confidence: certainty === 2 ? ('confirmed' as const) : ('possible' as const),
    code,
    reason: REASONS[code],
  }
}
