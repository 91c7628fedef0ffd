import { z } from 'zod'
import { eventRef, serviceRef } from '../../kernel/contract.ts'

/** What other plugins may know of a site. */
export interface SiteSummary {
  readonly id: string
  readonly name: string
}

/** Looks up the sites of the call's tenant. */
export interface SiteDirectory {
  /** The site, or undefined when the tenant has none of this id. */
  find(id: string): Promise<SiteSummary | undefined>
  /** Ids by the names as they are given here, compared by `nameKey`; names that no site has are left out. */
  idsByName(names: readonly string[]): Promise<ReadonlyMap<string, string>>
}

/**
 * The form in which names are compared: A to Z count as a to z, and every other letter as it is. That is what `lower()`
 * does in SQLite, so queries and code agree; SQL Server's collation finds more, and code then picks what is equal.
 */
export const nameKey = (name: string): string => name.replace(/[A-Z]+/g, letters => letters.toLowerCase())

/** Looks up sites: `uses: { sites: siteDirectory }`. */
export const siteDirectory = serviceRef<SiteDirectory>('sites.directory')

/** A site is gone. Sites that others refer to cannot be deleted. */
export const siteDeleted = eventRef('sites.site-deleted', z.object({ site_id: z.string() }))
