import { type Call, problem } from '../../../kernel/contract.ts'
import type { SiteDirectory } from '../../sites/public.ts'
import type { AssetChange, NewAsset } from '../asset.ts'
import { assetCpesChanged } from '../public.ts'
import type { AssetCpeRepository } from '../repositories/asset-cpe-repository.ts'
import { type AssetRepository, type AssetRow, toAsset } from '../repositories/asset-repository.ts'

interface Dependencies {
  readonly call: Call
  readonly assetRepository: AssetRepository
  readonly assetCpeRepository: AssetCpeRepository
  readonly sites: SiteDirectory
}

/** What may be done with assets. */
export class AssetService {
  readonly #call: Call
  readonly #assets: AssetRepository
  readonly #dependencies: Dependencies

  constructor(dependencies: Dependencies) {
    this.#call = dependencies.call
    this.#assets = dependencies.assetRepository
    this.#dependencies = dependencies
  }

  /** @throws Problem `not_found` */
  async get(id: string): Promise<AssetRow> {
    const asset = await this.#assets.find(id)
    if (!asset) throw problem('not_found', 'No asset has this id.')
    return asset
  }

  async create(asset: NewAsset): Promise<AssetRow> {
    if (asset.site_id !== null) await this.#checkSite(asset.site_id)
    const [row] = (await this.#assets.insert([asset], 'manual', this.#call.now())) as [AssetRow]
    if (asset.cpes.length > 0) await this.#cpesChanged(row.id, asset.cpes)
    this.#call.audit({ action: 'asset.created', resourceType: 'asset', resourceId: row.id, after: toAsset(row) })
    return row
  }

  async update(id: string, change: AssetChange, ifMatch: number | undefined): Promise<AssetRow> {
    const before = await this.#at(id, ifMatch)
    if (change.site_id) await this.#checkSite(change.site_id)
    if (!(await this.#assets.update(id, before.revision, change, this.#call.now()))) throw problem('stale')
    const after = await this.get(id)
    if (after.cpes !== before.cpes) await this.#cpesChanged(id, change.cpes ?? [])
    this.#call.audit({
      action: 'asset.updated',
      resourceType: 'asset',
      resourceId: id,
      before: toAsset(before),
      after: toAsset(after),
    })
    return after
  }

  /** What belongs to the asset, such as its vulnerabilities, goes with it. */
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
    if (await this.#dependencies.sites.find(id)) return
    throw problem('invalid', 'No site has this id.', {
      errors: [{ path: 'body.site_id', message: 'no site has this id' }],
    })
  }

  async #cpesChanged(id: string, cpes: readonly string[]): Promise<void> {
    await this.#dependencies.assetCpeRepository.replace([{ id, cpes }])
    await this.#call.emit(assetCpesChanged, { asset_ids: [id] })
  }
}
