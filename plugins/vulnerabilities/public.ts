import { z } from 'zod'
import { eventRef } from '../../kernel/contract.ts'

/** What other plugins may use of `vulnerabilities`: the pure functions on CPE names. They need no tenant and no licence. */
export {
  assetKey,
  type CompactConfigurations,
  type CpeName,
  CpeNameError,
  compileConfigurations,
  evaluateCompact,
  expandConfigurations,
  lookupKeys,
  productKeys,
  validateAssetCpe,
} from './matching/cpe.ts'

/**
 * A tenant has a new confirmed match with a CVE that is known to be exploited, or scores at least the tenant's
 * threshold. Told once for each CVE and tenant; `dedupe_key` is the same if it is ever delivered again.
 */
export const criticalFound = eventRef(
  'vulnerabilities.critical-found',
  z.object({
    cve_id: z.string(),
    dedupe_key: z.string(),
    cause: z.enum(['kev', 'cvss']),
    cvss_score: z.number().nullable(),
    epss: z.number().nullable(),
    kev: z.boolean(),
    kev_due_date: z.string().nullable(),
    exploits: z.number(),
    /** The assets it was first found on; `GET /vulnerabilities?cve_id=` has all of them. */
    asset_ids: z.array(z.string()).max(500),
    found_at: z.string(),
  }),
)
