import { type CompactEntry, type CompactNode, wholeCriteria } from './configuration.ts'
import { type CriterionMatch, matchEntry } from './criterion.ts'
import type { CpeName } from './name.ts'
import { isOfFamily } from './platform-families.ts'
import { type Certainty, matchProduct, type ProductPattern, productPattern } from './product.ts'

/** One criteria of a compact node. */
export interface Criterion {
  readonly key: string
  readonly entry: CompactEntry
  readonly vulnerable: boolean
  /** null when the criteria is no CPE name; it then matches nothing. */
  readonly product: ProductPattern | null
}

/** A criterion that matched one of the asset's names. */
export interface Found extends CriterionMatch {
  readonly criterion: Criterion
  readonly asset: CpeName
}

/** The criteria of a node, in the order of the feed. */
export function* criteriaIn(node: CompactNode): Generator<Criterion> {
  for (const [key, flag, ...entries] of node.g) {
    for (const entry of entries) yield toCriterion(key, flag, entry)
  }
}

function toCriterion(key: string, flag: 0 | 1, entry: CompactEntry): Criterion {
  const product = key === '' ? (wholeCriteria(tailOf(entry))?.product ?? null) : productPattern(key)
  return { key, entry, vulnerable: flag === 1, product }
}

const tailOf = (entry: CompactEntry): string => (typeof entry === 'string' ? entry : entry[0])

/** One criterion against one name of the asset. */
export function matchCriterion(criterion: Criterion, asset: CpeName): Found | undefined {
  const { key, entry, vulnerable, product } = criterion
  const certainty = product ? matchProduct(product, asset) : 0
  const match = matchOne(key, entry, vulnerable, certainty, asset)
  return match && { criterion, asset, ...match }
}

/**
 * The surest match of each asset name in each group of a node. Groups of products that do not concern the asset are
 * passed over whole.
 */
export function searchNode(node: CompactNode, assets: readonly CpeName[]): Found[] {
  const found: Found[] = []
  for (const group of node.g) {
    const [key, flag] = group
    if (key === '') {
      searchWhole(group[1] === 1, group.slice(2) as CompactEntry[], assets, found)
      continue
    }
    for (const asset of assets) {
      const certainty = matchKey(key, asset)
      if (certainty === 0 && (flag === 1 || !isOfFamily(key, asset))) continue
      let best: CriterionMatch | undefined
      let entry: CompactEntry = ''
      for (let at = 2; at < group.length && best?.certainty !== 2; at++) {
        const candidate = group[at] as CompactEntry
        const match = matchOne(key, candidate, flag === 1, certainty, asset)
        if (!match || (best && best.certainty >= match.certainty)) continue
        best = match
        entry = candidate
      }
      if (best)
        found.push({ criterion: toCriterion(key, flag, entry), asset, certainty: best.certainty, code: best.code })
    }
  }
  return found
}

// A key that is not '' is exact, so only an unknown vendor of the asset makes more of it than a comparison.
function matchKey(key: string, asset: CpeName): Certainty {
  if (key === asset.key) return 2
  const product = asset.values[1] === '*' ? productPattern(key) : null
  return product ? matchProduct(product, asset) : 0
}

function searchWhole(
  vulnerable: boolean,
  entries: readonly CompactEntry[],
  assets: readonly CpeName[],
  found: Found[],
): void {
  for (const criterion of criteriaIn({ g: [['', vulnerable ? 1 : 0, ...entries]] })) {
    for (const asset of assets) {
      const match = matchCriterion(criterion, asset)
      if (match) found.push(match)
    }
  }
}

const OF_FAMILY: CriterionMatch = { certainty: 2, code: 'platform_family' }

function matchOne(
  key: string,
  entry: CompactEntry,
  vulnerable: boolean,
  product: Certainty,
  asset: CpeName,
): CriterionMatch | undefined {
  if (product === 0) {
    const versionless = entry === '-' || entry === ''
    return !vulnerable && versionless && isOfFamily(key, asset) ? OF_FAMILY : undefined
  }
  const match = matchEntry(key === '' ? withoutProduct(entry) : entry, asset, vulnerable)
  return product === 1 && match?.certainty === 2 ? { certainty: 1, code: 'vendor_unknown' } : match
}

// An entry kept whole carries its product, too; matchEntry wants the tail alone.
function withoutProduct(entry: CompactEntry): CompactEntry {
  const tail = wholeCriteria(tailOf(entry))?.tail ?? ''
  return typeof entry === 'string' ? tail : [tail, ...entry.slice(1)]
}
