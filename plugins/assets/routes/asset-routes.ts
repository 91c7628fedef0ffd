import { etagReply } from '../../../kernel/contract.ts'
import { Asset, AssetChange, NewAsset } from '../asset.ts'
import type { AssetKit } from '../plugin.ts'
import { type AssetRow, assetList, toAsset } from '../repositories/asset-repository.ts'

const show = (row: AssetRow) => etagReply(toAsset(row), row.revision)

/** The inventory: list, one, add, change, delete. */
export function assetRoutes(kit: AssetKit): void {
  kit.route('GET /assets', {
    summary: 'Assets',
    permission: 'assets:read',
    query: assetList.query,
    returns: assetList.returns(Asset),
    handle: ({ query }, { call }) => assetList.page(call.db, query),
  })
  kit.route('POST /assets', {
    summary: 'Add an asset',
    permission: 'assets:create',
    body: NewAsset,
    returns: Asset,
    status: 201,
    handle: async ({ body }, { assetService }) => show(await assetService.create(body)),
  })
  kit.route('GET /assets/:id', {
    summary: 'An asset',
    permission: 'assets:read',
    returns: Asset,
    handle: async ({ params }, { assetService }) => show(await assetService.get(params.id)),
  })
  kit.route('PATCH /assets/:id', {
    summary: 'Change an asset',
    permission: 'assets:update',
    body: AssetChange,
    returns: Asset,
    handle: async ({ params, body, ifMatch }, { assetService }) =>
      show(await assetService.update(params.id, body, ifMatch)),
  })
  kit.route('DELETE /assets/:id', {
    summary: 'Delete an asset with what belongs to it',
    permission: 'assets:delete',
    handle: ({ params, ifMatch }, { assetService }) => assetService.delete(params.id, ifMatch),
  })
}
