import { newId, type PlatformDb, prepare } from '../../../kernel/contract.ts'
import type { Registration } from '../device.ts'

/** A provisioning key, with the tenant it belongs to. */
export interface KeyOfTenant {
  readonly id: string
  readonly tenant_id: string
  readonly account_name: string
  readonly site_id: string | null
}

/** Whose a device key is. */
export interface KnownDevice {
  readonly id: string
  readonly tenant_id: string
  readonly revoked_at: string | null
}

const keyByHash = prepare<{ hash: string }, KeyOfTenant>((from, v) =>
  from
    .table('edge_provisioning_keys')
    .join('tenants', 'tenants.id', 'edge_provisioning_keys.tenant_id')
    .where('edge_provisioning_keys.key', v.hash)
    .select(
      'edge_provisioning_keys.id',
      'edge_provisioning_keys.tenant_id',
      'edge_provisioning_keys.site_id',
      'tenants.account_name',
    ),
)

const deviceByHash = prepare<{ hash: string }, KnownDevice>((from, v) =>
  from.table('devices').where('device_key', v.hash).select('id', 'tenant_id', 'revoked_at'),
)

/** What is asked before it is known whose a key is. */
export class RegistrationRepository {
  readonly #db: PlatformDb

  constructor({ db }: { db: PlatformDb }) {
    this.#db = db
  }

  keyByHash(hash: string): Promise<KeyOfTenant | undefined> {
    return this.#db.first(keyByHash, { hash })
  }

  deviceByHash(hash: string): Promise<KnownDevice | undefined> {
    return this.#db.first(deviceByHash, { hash })
  }

  /** Counts one more use of a key; false when it may not be used at all. Of two for the last use, one gets it. */
  async useKey(id: string, now: Date): Promise<boolean> {
    const used = await this.#db
      .table('edge_provisioning_keys')
      .where({ id })
      .whereNull('revoked_at')
      .where(either => either.whereNull('expires_at').orWhere('expires_at', '>', now.toISOString()))
      .where(either => either.whereNull('max_uses').orWhereRaw('?? < ??', ['uses', 'max_uses']))
      .increment('uses', 1)
    return Number(used) > 0
  }

  /** Adds a device to the tenant of a key. Returns its id. */
  async insertDevice(key: KeyOfTenant, hash: string, facts: Registration, now: Date): Promise<string> {
    const id = newId()
    const time = now.toISOString()
    await this.#db
      .forTenant(key.tenant_id)
      .table('devices')
      .insert({
        id,
        site_id: key.site_id,
        provisioning_key_id: key.id,
        name: facts.name ?? `Device ${id.slice(-12)}`,
        location: facts.location,
        type: facts.type,
        version: facts.version ?? null,
        device_key: hash,
        status: 'registered',
        created_at: time,
        updated_at: time,
        revision: 1,
      })
    return id
  }
}
