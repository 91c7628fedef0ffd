import { type Call, problem, type TenantDb } from '../../../kernel/contract.ts'
import type { SiteDirectory } from '../../sites/public.ts'
import type { AssetChange, NewAsset } from '../asset.ts'
import { assetCpesChanged } from '../public.ts'
import type { AssetCpeRepository } from '../repositories/asset-cpe-repository.ts'
import { type AssetRepository, type AssetRow, toAsset } from '../repositories/asset-repository.ts'

interface Dependencies {
  readonly call: Call
  readonly db: TenantDb
  readonly assetRepository: AssetRepository
  readonly assetCpeRepository: AssetCpeRepository
  readonly sites: SiteDirectory
}

/** What may be done with assets. */
export class AssetService {
  readonly #call: Call
  readonly #db: TenantDb
  readonly #assets: AssetRepository
  readonly #cpes: AssetCpeRepository
  readonly #sites: SiteDirectory

  constructor({ call, db, assetRepository, assetCpeRepository, sites }: Dependencies) {
    this.#call = call
    this.#db = db
    this.#assets = assetRepository
    this.#cpes = assetCpeRepository
    this.#sites = sites
  }

  /** @throws Problem `not_found` */
  async get(id: string): Promise<AssetRow> {
    const asset = await this.#assets.find(id)
    if (!asset) throw problem('not_found', 'No asset has this id.')
    return asset
  }

  /** @throws Problem `invalid` for a site that is not there, `conflict` when another asset has the external key */
  async create(asset: NewAsset): Promise<AssetRow> {
    if (asset.site_id !== null) await this.#checkSite(asset.site_id)
    const rows = await this.#withKey(asset.external_key, () => this.#assets.insert([asset], 'manual', this.#call.now()))
    const [row] = rows as [AssetRow]
    if (asset.cpes.length > 0) {
      await this.#cpes.insert([{ id: row.id, cpes: asset.cpes }])
      await this.#call.emit(assetCpesChanged, { asset_ids: [row.id] })
    }
    this.#call.audit({ action: 'asset.created', resourceType: 'asset', resourceId: row.id, after: toAsset(row) })
    return row
  }

  /** @throws Problem `not_found`, `stale`, `invalid` or `conflict` as for `create` */
  async update(id: string, change: AssetChange, ifMatch: number | undefined): Promise<AssetRow> {
    const before = await this.#at(id, ifMatch)
    if (change.site_id) await this.#checkSite(change.site_id)
    const changed = await this.#withKey(change.external_key, () =>
      this.#assets.update(id, before.revision, change, this.#call.now()),
    )
    if (!changed) throw problem('stale')
    const after = await this.get(id)
    if (change.cpes && after.cpes !== before.cpes) {
      await this.#cpes.replace([{ id, cpes: change.cpes }])
      await this.#call.emit(assetCpesChanged, { asset_ids: [id] })
    }
    this.#call.audit({
      action: 'asset.updated',
      resourceType: 'asset',
      resourceId: id,
      before: toAsset(before),
      after: toAsset(after),
    })
    return after
  }

  /**
   * What belongs to the asset, such as its vulnerabilities, goes with it.
   * @throws Problem `not_found` or `stale`
   */
  async delete(id: string, ifMatch: number | undefined): Promise<void> {
    const before = await this.#at(id, ifMatch)
    if (!(await this.#assets.delete(id, before.revision))) throw problem('stale')
    this.#call.audit({ action: 'asset.deleted', resourceType: 'asset', resourceId: id, before: toAsset(before) })
  }

  async #at(id: string, ifMatch: number | undefined): Promise<AssetRow> {
    const asset = await this.get(id)
    if (ifMatch !== undefined && ifMatch !== asset.revision) throw problem('stale')
    return asset
  }

  async #checkSite(id: string): Promise<void> {
    if (await this.#sites.find(id)) return
    throw problem('invalid', 'No site has this id.', {
      errors: [{ path: 'body.site_id', message: 'no site has this id' }],
    })
  }

  /** Runs a write that only a taken external key can make collide. */
  async #withKey<T>(key: string | null | undefined, write: () => Promise<T>): Promise<T> {
    try {
      return await write()
    } catch (error) {
      if (!this.#db.dialect.isUniqueViolation(error)) throw error
      throw problem('conflict', `Another asset has the external_key "${key}".`, { cause: error })
    }
  }
}
