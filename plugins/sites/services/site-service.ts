import { type Call, problem } from '../../../kernel/contract.ts'
import { siteDeleted } from '../public.ts'
import { type SiteRepository, type SiteRow, toSite } from '../repositories/site-repository.ts'
import type { NewSite, SiteChange } from '../site.ts'

/** What may be done with sites. */
export class SiteService {
  readonly #sites: SiteRepository
  readonly #call: Call

  constructor({ siteRepository, call }: { siteRepository: SiteRepository; call: Call }) {
    this.#sites = siteRepository
    this.#call = call
  }

  /** @throws Problem `not_found` */
  async get(id: string): Promise<SiteRow> {
    const site = await this.#sites.find(id)
    if (!site) throw problem('not_found', 'No site has this id.')
    return site
  }

  async create(site: NewSite): Promise<SiteRow> {
    await this.#refuseTakenName(site.name)
    const row = await this.#sites.insert(site, this.#call.now())
    this.#call.audit({ action: 'site.created', resourceType: 'site', resourceId: row.id, after: toSite(row) })
    return row
  }

  async update(id: string, change: SiteChange, ifMatch: number | undefined): Promise<SiteRow> {
    const before = await this.#at(id, ifMatch)
    if (change.name !== undefined) await this.#refuseTakenName(change.name, id)
    if (!(await this.#sites.update(id, before.revision, change, this.#call.now()))) throw problem('stale')
    const after = await this.get(id)
    this.#call.audit({
      action: 'site.updated',
      resourceType: 'site',
      resourceId: id,
      before: toSite(before),
      after: toSite(after),
    })
    return after
  }

  /** Refused by the database while assets or devices are at the site. */
  async delete(id: string, ifMatch: number | undefined): Promise<void> {
    const before = await this.#at(id, ifMatch)
    if (!(await this.#sites.delete(id, before.revision))) throw problem('stale')
    this.#call.audit({ action: 'site.deleted', resourceType: 'site', resourceId: id, before: toSite(before) })
    await this.#call.emit(siteDeleted, { site_id: id })
  }

  async #at(id: string, ifMatch: number | undefined): Promise<SiteRow> {
    const site = await this.get(id)
    if (ifMatch !== undefined && ifMatch !== site.revision) throw problem('stale')
    return site
  }

  async #refuseTakenName(name: string, except?: string): Promise<void> {
    const taken = (await this.#sites.idsByName([name])).get(name.toLowerCase())
    if (taken !== undefined && taken !== except) throw problem('conflict', `A site is called "${name}" already.`)
  }
}
