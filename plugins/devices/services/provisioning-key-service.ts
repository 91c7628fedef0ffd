import { type Call, problem } from '../../../kernel/contract.ts'
import type { SiteDirectory } from '../../sites/public.ts'
import { hashOfKey, newKey } from '../credentials.ts'
import type { NewProvisioningKey, ProvisioningKey } from '../provisioning-key.ts'
import { type ProvisioningKeyRepository, toProvisioningKey } from '../repositories/provisioning-key-repository.ts'
import { requireSite } from './require-site.ts'

interface Dependencies {
  readonly call: Call
  readonly provisioningKeys: ProvisioningKeyRepository
  readonly sites: SiteDirectory
}

/** What may be done with provisioning keys. */
export class ProvisioningKeyService {
  readonly #call: Call
  readonly #keys: ProvisioningKeyRepository
  readonly #sites: SiteDirectory

  constructor({ call, provisioningKeys, sites }: Dependencies) {
    this.#call = call
    this.#keys = provisioningKeys
    this.#sites = sites
  }

  /**
   * Makes a key. `secret` is the only copy.
   * @throws Problem `invalid` for a site that is not there, or an expiry that has passed
   */
  async create(key: NewProvisioningKey): Promise<{ readonly key: ProvisioningKey; readonly secret: string }> {
    const now = this.#call.now()
    if (key.expires_at !== null && key.expires_at <= now.toISOString()) {
      throw problem('invalid', 'A key cannot begin its life expired.', {
        errors: [{ path: 'body.expires_at', message: 'must be in the future' }],
      })
    }
    if (key.site_id !== null) await requireSite(this.#sites, key.site_id)
    const secret = newKey('prov')
    const { kind, id } = this.#call.actor
    const row = await this.#keys.insert(key, hashOfKey(secret), kind === 'user' ? id : null, now)
    const made = toProvisioningKey(row, now)
    this.#call.audit({ action: 'edge-key.created', resourceType: 'edge-key', resourceId: row.id, after: made })
    return { key: made, secret }
  }

  /**
   * Revokes a key: nobody registers with it from now on. Devices that did stay. Again is harmless.
   * @throws Problem `not_found`
   */
  async revoke(id: string): Promise<void> {
    const now = this.#call.now()
    if (await this.#keys.revoke(id, now)) {
      const after = { revoked_at: now.toISOString() }
      this.#call.audit({ action: 'edge-key.revoked', resourceType: 'edge-key', resourceId: id, after })
    } else if (!(await this.#keys.find(id))) {
      throw problem('not_found', 'No provisioning key has this id.')
    }
  }
}
