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
  /** Ids by name, compared without case; names that no site has are left out. */
  idsByName(names: readonly string[]): Promise<ReadonlyMap<string, string>>
}

export const siteDirectory = serviceRef<SiteDirectory>('sites.directory')

/** A site is gone. Sites that others refer to cannot be deleted. */
export const siteDeleted = eventRef('sites.site-deleted', z.object({ site_id: z.string() }))
