import { defineList, newId, prepare, type TenantDb } from '../../../kernel/contract.ts'
import { keyStateAt, type NewProvisioningKey, type ProvisioningKey } from '../provisioning-key.ts'

/** A row of `edge_provisioning_keys`, without the hash. */
export type ProvisioningKeyRow = Omit<ProvisioningKey, 'state'>

const columns = [
  'id',
  'label',
  'site_id',
  'uses',
  'max_uses',
  'expires_at',
  'revoked_at',
  'created_by',
  'created_at',
] as const

/** The row as the API shows it at a moment. */
export const toProvisioningKey = (row: ProvisioningKeyRow, now: Date): ProvisioningKey => ({
  id: row.id,
  label: row.label,
  site_id: row.site_id,
  state: keyStateAt(row, now),
  uses: row.uses,
  max_uses: row.max_uses,
  expires_at: row.expires_at,
  revoked_at: row.revoked_at,
  created_by: row.created_by,
  created_at: row.created_at,
})

/** The list of keys; its items get their state by `toProvisioningKey`. */
export const provisioningKeyList = defineList({
  table: 'edge_provisioning_keys',
  columns,
  sorts: { created_at: 'created_at' },
  defaultSort: '-created_at',
  item: (row: ProvisioningKeyRow) => row,
})

const byId = prepare<{ id: string }, ProvisioningKeyRow>((from, v) =>
  from
    .table('edge_provisioning_keys')
    .where('id', v.id)
    .select(...columns),
)

/** Provisioning keys of the call's tenant. */
export class ProvisioningKeyRepository {
  readonly #db: TenantDb

  constructor({ db }: { db: TenantDb }) {
    this.#db = db
  }

  find(id: string): Promise<ProvisioningKeyRow | undefined> {
    return this.#db.first(byId, { id })
  }

  async insert(
    key: NewProvisioningKey,
    hash: string,
    createdBy: string | null,
    now: Date,
  ): Promise<ProvisioningKeyRow> {
    const row: ProvisioningKeyRow = {
      id: newId(),
      ...key,
      uses: 0,
      revoked_at: null,
      created_by: createdBy,
      created_at: now.toISOString(),
    }
    await this.#db.table('edge_provisioning_keys').insert({ ...row, key: hash })
    return row
  }

  /** False when it was revoked before. */
  async revoke(id: string, now: Date): Promise<boolean> {
    const query = this.#db.table('edge_provisioning_keys').where({ id }).whereNull('revoked_at')
    return (await query.update({ revoked_at: now.toISOString() })) > 0
  }

  /** Keys of a site that is gone register devices without a site. */
  async forgetSite(siteId: string): Promise<void> {
    await this.#db.table('edge_provisioning_keys').where({ site_id: siteId }).update({ site_id: null })
  }
}
