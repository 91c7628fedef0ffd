import type { SiteDirectory, SiteSummary } from '../public.ts'
import type { SiteRepository } from '../repositories/site-repository.ts'

/** The look-ups that other plugins may make. */
export class SiteLookup implements SiteDirectory {
  readonly #sites: SiteRepository

  constructor({ siteRepository }: { siteRepository: SiteRepository }) {
    this.#sites = siteRepository
  }

  async find(id: string): Promise<SiteSummary | undefined> {
    const site = await this.#sites.find(id)
    return site && { id: site.id, name: site.name }
  }

  idsByName(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.#sites.idsByName(names)
  }
}
