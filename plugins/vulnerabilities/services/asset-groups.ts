import type { AssetCpes } from '../../assets/public.ts'
import { type CpeName, lookupKeys, normaliseName, parseName } from '../matching/cpe.ts'

/** Assets with the same CPE names: what is found for one is found for all. */
export interface AssetGroup {
  /** Stands for the names, see `namesKey`. */
  readonly key: string
  readonly names: readonly CpeName[]
  /** `part:vendor:product` of the names. */
  readonly products: ReadonlySet<string>
  /** Every key under which a CVE that concerns the names may be listed. */
  readonly lookup: readonly string[]
  readonly assetIds: string[]
}

/** The same for the same set of names, in whatever order. */
export const namesKey = (cpes: readonly string[]): string => [...new Set(cpes)].sort().join('\n')

/**
 * Puts assets with the same names together. Groups that share products follow each other, so that what is read of the
 * catalogue for one serves the next ones.
 */
export function groupAssets(assets: readonly AssetCpes[]): AssetGroup[] {
  const groups = new Map<string, AssetGroup>()
  for (const { id, cpes } of assets) {
    const key = namesKey(cpes)
    const group = groups.get(key)
    if (group) group.assetIds.push(id)
    else groups.set(key, newGroup(key, id))
  }
  return [...groups.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
}

function newGroup(key: string, assetId: string): AssetGroup {
  const names = key === '' ? [] : key.split('\n').flatMap(readName)
  return {
    key,
    names,
    products: new Set(names.map(name => name.key)),
    lookup: [...new Set(names.flatMap(lookupKeys))],
    assetIds: [assetId],
  }
}

/** Names were checked when the asset was written; one that cannot be read today matches nothing. */
function readName(text: string): CpeName[] {
  try {
    return [parseName(normaliseName(text))]
  } catch {
    return []
  }
}
