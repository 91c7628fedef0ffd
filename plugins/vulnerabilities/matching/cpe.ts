import { compileConfigurations, type NvdConfiguration } from './configuration.ts'
import { type Evaluation, evaluateCompact } from './evaluation.ts'
import { type CpeName, normaliseName, parseName } from './name.ts'

/**
 * The pure CPE matcher: names, versions and configurations in, a confidence and its reasons out. It reads no clock, no
 * file and no database. Bulk work compiles each CVE once (compileConfigurations), finds the CVEs of an asset through
 * an index by productKeys and lookupKeys, and calls evaluateCompact.
 */
export {
  type CompactConfigurations,
  compileConfigurations,
  expandConfigurations,
  type NvdConfiguration,
  type NvdCpeMatch,
  type NvdNode,
  productKeys,
  type VersionBounds,
} from './configuration.ts'
export { type Confidence, type CriteriaMatch, type Evaluation, evaluateCompact, MAX_MATCHES } from './evaluation.ts'
export { type CpeName, CpeNameError, normaliseName, parseName, validateAssetCpe } from './name.ts'
export { REASONS, type ReasonCode } from './reasons.ts'
export { compareNames, type Relation } from './relation.ts'
export { compareVersions } from './version.ts'
export { type SchemeName, schemeFor } from './version-schemes.ts'

/**
 * Whether an asset, given by all its CPE names, is affected by a CVE, given by the `configurations` of the NVD API 2.0.
 * Asset names may be short (`cpe:2.3:o:siemens:scalance_x200_firmware:5.2`) or CPE 2.2 URIs.
 * For the rules see evaluation.ts (logic), criterion.ts (one criterion) and relation.ts (NIST IR 7696).
 * @throws CpeNameError when an asset name is malformed; a malformed criteria matches nothing
 */
export function evaluate(configurations: readonly NvdConfiguration[], assetCpes: readonly string[]): Evaluation {
  return evaluateCompact(compileConfigurations(configurations), assetCpes.map(parseAsset))
}

const parseAsset = (text: string): CpeName => parseName(normaliseName(text))

/** `part:vendor:product` of a name, the key under which productKeys lists what is vulnerable. */
export function assetKey(cpe: string | CpeName): string {
  return (typeof cpe === 'string' ? parseAsset(cpe) : cpe).key
}

/**
 * Every key under which a CVE may be listed that concerns this name: its own, and the wider ones of records with ANY
 * or a wildcard in part, vendor or product. A name whose vendor is `*` finds records of any vendor
 * alone: `validateAssetCpe` refuses it.
 */
export function lookupKeys(cpe: string | CpeName): string[] {
  const name = typeof cpe === 'string' ? parseAsset(cpe) : cpe
  const [part = '*', vendor = '*', product = '*'] = name.values
  return [part, '*'].flatMap(p => [`${p}:${vendor}:${product}`, `${p}:${vendor}:*`, `${p}:*:${product}`, `${p}:*:*`])
}
