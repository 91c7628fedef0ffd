import {
  boundsOf,
  type CompactConfiguration,
  type CompactConfigurations,
  type CompactNode,
  criteriaOf,
  type VersionBounds,
} from './configuration.ts'
import type { CpeName } from './name.ts'
import { type Criterion, criteriaIn, type Found, matchCriterion, searchNode } from './node-search.ts'
import { type Certainty, matchProduct } from './product.ts'
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
const NO_OUTCOME: Outcome = Object.freeze({ certainty: 0 as const, matches: NONE.matches })
const CONFIDENCES: readonly Confidence[] = ['none', 'possible', 'confirmed']

/** An operand of an AND: the criteria of an OR node, or a single criterion of an AND node. */
interface Term {
  readonly node: CompactNode
  readonly at: number
  readonly negated: boolean
  readonly single: Criterion | undefined
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
    if (!configuration) continue
    const outcome = evaluateConfiguration(configuration, index, named)
    if (outcome.certainty === 0 || outcome.certainty < best) continue
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
): Outcome {
  if (!mayConcern(configuration, assets)) return NO_OUTCOME
  const negated = configuration.n === 1
  const isAnd = (configuration.a === 1) !== negated
  let terms: Term[] = []
  let best = NO_OUTCOME
  for (let at = 0; at < configuration.d.length; at++) {
    const node = configuration.d[at]
    if (!node) continue
    addTerms(terms, node, at, negated !== (node.n === 1), assets)
    if (isAnd) continue
    best = either(best, conjunction(terms, index, assets))
    terms = []
  }
  return isAnd ? conjunction(terms, index, assets) : best
}

// A CVE of a chip maker has hundreds of configurations, one for each firmware: those without any vulnerable product of
// the asset are left before their platforms are looked at.
function mayConcern(configuration: CompactConfiguration, assets: readonly CpeName[]): boolean {
  for (const node of configuration.d) {
    for (const group of node.g) {
      if (group[1] === 0) continue
      const key = group[0]
      if (key === '') return true
      for (const asset of assets) if (key === asset.key || asset.values[1] === '*') return true
    }
  }
  return false
}

function either(a: Outcome, b: Outcome): Outcome {
  if (a.certainty === b.certainty && a.certainty > 0) return { ...a, matches: [...a.matches, ...b.matches] }
  return b.certainty > a.certainty ? b : a
}

function addTerms(terms: Term[], node: CompactNode, at: number, negated: boolean, assets: readonly CpeName[]): void {
  const isAnd = (node.a === 1) !== negated
  if (!isAnd) {
    terms.push({ node, at, negated, single: undefined, found: negated ? [] : searchNode(node, assets) })
    return
  }
  for (const single of criteriaIn(node)) {
    const found = assets.flatMap(asset => matchCriterion(single, asset) ?? [])
    terms.push({ node, at, negated, single, found })
  }
}

function criteriaOfTerm({ node, single }: Term): Iterable<Criterion> {
  return single ? [single] : criteriaIn(node)
}

function conjunction(terms: readonly Term[], configuration: number, assets: readonly CpeName[]): Outcome {
  let certainty = evidenceOf(terms)
  if (certainty === 0) return NO_OUTCOME
  const values: Certainty[] = []
  for (const term of terms) {
    const value = certaintyOf(term, assets, terms)
    if (value === 0) return NO_OUTCOME
    if (value < certainty) certainty = value
    values.push(value)
  }
  return { certainty, matches: terms.flatMap((term, at) => explain(term, values[at] ?? 0, configuration)) }
}

function evidenceOf(terms: readonly Term[]): Certainty {
  let most: Certainty = 0
  for (const term of terms) {
    if (!term.negated) most = surest(term.found, true, most)
  }
  return most
}

function surest(found: readonly Found[], vulnerableOnly: boolean, least: Certainty = 0): Certainty {
  let most = least
  for (const { criterion, certainty } of found) {
    if (certainty > most && (criterion.vulnerable || !vulnerableOnly)) most = certainty
  }
  return most
}

function certaintyOf(term: Term, assets: readonly CpeName[], terms: readonly Term[]): Certainty {
  if (!term.negated) {
    const value = surest(term.found, false)
    return value === 0 && !isSpokenOf(criteriaOfTerm(term), assets, terms) ? 1 : value
  }
  let value: Certainty = 0
  for (const criterion of criteriaOfTerm(term)) {
    const matched = assets.reduce((most, asset) => Math.max(most, matchCriterion(criterion, asset)?.certainty ?? 0), 0)
    const absent = matched === 0 && !isSpokenOf([criterion], assets, terms)
    value = Math.max(value, absent ? 1 : 2 - matched) as Certainty
  }
  return value
}

// Whether the inventory rules the criteria out, rather than being silent about them.
function isSpokenOf(criteria: Iterable<Criterion>, assets: readonly CpeName[], terms: readonly Term[]): boolean {
  let empty = true
  for (const { product } of criteria) {
    empty = false
    if (!product) continue
    const part = product.values[0]
    for (const asset of assets) {
      if (product.key === asset.key || matchProduct(product, asset) > 0) return true
      if ((part === 'o' || part === 'h') && asset.values[0] === part && !isUsed(asset, terms)) return true
    }
  }
  return empty
}

function isUsed(asset: CpeName, terms: readonly Term[]): boolean {
  return terms.some(term => !term.negated && term.found.some(found => found.asset === asset))
}

// Where something vulnerable matched as surely as the term is, only what is as sure decided.
function explain(term: Term, value: Certainty, configuration: number): CriteriaMatch[] {
  const where = { configuration, node: term.at }
  if (!term.negated && term.found.length > 0) {
    const sure = term.found.filter(found => found.certainty === value)
    const deciding = sure.some(found => found.criterion.vulnerable) ? sure : term.found
    return deciding.slice(0, MAX_MATCHES).map(({ criterion, asset, certainty, code }) => ({
      ...describe(criterion, asset.text, certainty, code),
      ...where,
    }))
  }
  const [first] = criteriaOfTerm(term)
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
