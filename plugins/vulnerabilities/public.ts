/** What other plugins may use of `vulnerabilities`: the pure functions on CPE names. They need no tenant and no licence. */
export {
  assetKey,
  type CompactConfigurations,
  type CpeName,
  CpeNameError,
  compileConfigurations,
  evaluateCompact,
  lookupKeys,
  productKeys,
  validateAssetCpe,
} from './matching/cpe.ts'
