import type { SnapKit } from '../plugin.ts'
import { snapList } from '../repositories/catalogue-repository.ts'
import { Snap } from '../snap.ts'

/** What is published, for users: which versions their devices can get. */
export function catalogueRoutes(kit: SnapKit): void {
  kit.route('GET /snaps', {
    summary: 'Published versions',
    permission: 'snaps:read',
    query: snapList.query,
    returns: snapList.returns(Snap),
    handle: ({ query }, { call }) => snapList.page(call.db, query),
  })
}
