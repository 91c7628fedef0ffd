import type { PermissionKey, UserDirectory, UserSummary } from '../contract.ts'
import { prepare } from '../data/prepared.ts'
import type { TenantDb } from '../data/tenant-db.ts'
import { permissionsOf } from './authenticator.ts'

const MOST_IDS = 1_000
/** Ids in one statement. */
const AT_ONCE = 500

interface Row extends Omit<UserSummary, 'active'> {
  readonly active: unknown
}

const columns = ['id', 'name', 'email', 'active'] as const

const byId = prepare<{ id: string }, Row>((from, v) =>
  from
    .table('users')
    .where('id', v.id)
    .select(...columns),
)

/** What plugins may know of the users of the call's tenant. */
export class UserLookup implements UserDirectory {
  readonly #db: TenantDb

  constructor({ db }: { readonly db: TenantDb }) {
    this.#db = db
  }

  async find(id: string): Promise<UserSummary | undefined> {
    const row = await this.#db.first(byId, { id })
    return row && toSummary(row)
  }

  async byIds(ids: readonly string[]): Promise<ReadonlyMap<string, UserSummary>> {
    const wanted = [...new Set(ids)]
    if (wanted.length > MOST_IDS) throw new RangeError(`at most ${MOST_IDS} users are looked up at once`)
    const found = new Map<string, UserSummary>()
    for (let start = 0; start < wanted.length; start += AT_ONCE) {
      const rows: Row[] = await this.#db
        .table('users')
        .whereIn('id', wanted.slice(start, start + AT_ONCE))
        .select(...columns)
      for (const row of rows) found.set(row.id, toSummary(row))
    }
    return found
  }

  async isActive(id: string): Promise<boolean> {
    return (await this.find(id))?.active === true
  }

  async holds(id: string, permission: PermissionKey): Promise<boolean> {
    return (await this.isActive(id)) && (await permissionsOf(this.#db, id)).has(permission)
  }
}

const toSummary = ({ active, ...row }: Row): UserSummary => ({ ...row, active: Boolean(active) })
