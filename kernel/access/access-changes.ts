import type { TenantDb } from '../data/tenant-db.ts'
import { bumpRevision } from '../tenancy/revisions.ts'
import type { PrincipalCache } from './principal-cache.ts'

/** Makes changes to users, groups and sessions count: at once here, within two seconds on the other instances. */
export class AccessChanges {
  readonly #cache: PrincipalCache

  constructor(cache: PrincipalCache) {
    this.#cache = cache
  }

  /**
   * Tells that the transaction of the caller changes who may do what. Call it before checking rules such as the last
   * Admin's: from here to the end of the transaction no other change of access gets through.
   */
  async announce(db: TenantDb): Promise<void> {
    const revision = await bumpRevision(db, 'access')
    db.afterCommit(() => this.#cache.changed(revision, db.tenantId))
  }
}
