import { BoundedCache } from './bounded-cache.ts'
import { type CpeName, canonicalValue, hasWildcard, splitValues } from './name.ts'
import { compareValues } from './relation.ts'

/** How sure a match is, ordered so that AND is the least and OR the greatest: 2 confirmed, 1 possible, 0 none. */
export type Certainty = 0 | 1 | 2

/** What a record says about part, vendor and product. */
export interface ProductPattern {
  readonly values: readonly string[]
  readonly key: string
  /** False when ANY, NA or a wildcard is among the three: then an equal key is not the only match. */
  readonly exact: boolean
}

const patterns = new BoundedCache<ProductPattern | null>(100_000)

/** The pattern of `part:vendor:product`, or null when that cannot be read (it then matches nothing). */
export function productPattern(key: string): ProductPattern | null {
  return patterns.get(key, readProduct)
}

function readProduct(key: string): ProductPattern | null {
  const values: string[] = []
  for (const raw of splitValues(key)) {
    const value = canonicalValue(raw)
    if (value === undefined) return null
    values.push(value)
  }
  if (values.length !== 3) return null
  const exact = values.every(value => value !== '*' && value !== '-' && !hasWildcard(value))
  return { values, key: values.join(':'), exact }
}

/** The key under which a pattern is indexed: ANY and wildcards widen to `*`. */
export function indexKey({ values }: ProductPattern): string {
  return values.map(value => (hasWildcard(value) ? '*' : value)).join(':')
}

/**
 * Whether a pattern covers the asset's product: 2 yes; 1 only if the asset's vendor, which is unknown, is the
 * record's; 0 no. A pattern that is narrower in the vendor and wider in the product, or the other way round, is
 * refused: together they would match half the catalogue.
 */
export function matchProduct(pattern: ProductPattern, asset: CpeName): Certainty {
  if (pattern.key === asset.key) return 2
  if (pattern.exact && asset.values[1] !== '*') return 0
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
