import { type Call, problem, type TenantDb } from '../../../kernel/contract.ts'
import { siteDeleted } from '../public.ts'
import { type SiteRepository, type SiteRow, toSite } from '../repositories/site-repository.ts'
import type { NewSite, SiteChange } from '../site.ts'

/** What may be done with sites. */
export class SiteService {
  readonly #sites: SiteRepository
  readonly #call: Call
  readonly #db: TenantDb

  constructor({ siteRepository, call, db }: { siteRepository: SiteRepository; call: Call; db: TenantDb }) {
    this.#sites = siteRepository
    this.#call = call
    this.#db = db
  }

  /** @throws Problem `not_found` */
  async get(id: string): Promise<SiteRow> {
    const site = await this.#sites.find(id)
    if (!site) throw problem('not_found', 'No site has this id.')
    return site
  }

  /** @throws Problem `conflict` when another site has the name */
  async create(site: NewSite): Promise<SiteRow> {
    await this.#refuseTakenName(site.name)
    const row = await this.#sites.insert(site, this.#call.now())
    this.#call.audit({ action: 'site.created', resourceType: 'site', resourceId: row.id, after: toSite(row) })
    return row
  }

  /** @throws Problem `not_found`, `stale`, or `conflict` when another site has the name */
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

  /** @throws Problem `not_found`, `stale`, or `conflict` while something is at the site */
  async delete(id: string, ifMatch: number | undefined): Promise<void> {
    const before = await this.#at(id, ifMatch)
    if (!(await this.#remove(before))) throw problem('stale')
    this.#call.audit({ action: 'site.deleted', resourceType: 'site', resourceId: id, before: toSite(before) })
    await this.#call.emit(siteDeleted, { site_id: id })
  }

  async #remove(site: SiteRow): Promise<boolean> {
    try {
      return await this.#sites.delete(site.id, site.revision)
    } catch (error) {
      if (!this.#db.dialect.isForeignKeyViolation(error)) throw error
      const detail = `"${site.name}" still has assets, zones, VLANs, diagrams or devices. Move or delete them first.`
      throw problem('conflict', detail, { cause: error })
    }
  }

  async #at(id: string, ifMatch: number | undefined): Promise<SiteRow> {
    const site = await this.get(id)
    if (ifMatch !== undefined && ifMatch !== site.revision) throw problem('stale')
    return site
  }

  async #refuseTakenName(name: string, except?: string): Promise<void> {
    const taken = (await this.#sites.idsByName([name])).get(name)
    if (taken !== undefined && taken !== except) throw problem('conflict', `A site is called "${name}" already.`)
  }
}
