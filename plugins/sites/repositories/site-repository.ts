import { contains, defineList, equals, newId, prepare, type TenantDb } from '../../../kernel/contract.ts'
import { nameKey } from '../public.ts'
import { type NewSite, Site, type SiteChange } from '../site.ts'

/** Names in one query: SQL Server binds at most 2,100 values. */
const BATCH = 500

/** A row of `sites`. */
export interface SiteRow extends Site {
  readonly revision: number
}

const columns = ['id', 'name', 'location', 'status', 'created_at', 'updated_at', 'revision'] as const

/** The row as the API shows it. */
export const toSite = ({ revision: _, ...site }: SiteRow): Site => site

/** The list of sites: filters, orders and pages. */
export const siteList = defineList({
  table: 'sites',
  columns,
  sorts: { name: 'name', created_at: 'created_at' },
  defaultSort: 'name',
  filters: { q: contains('name', 'location'), status: equals('status', Site.shape.status) },
  item: toSite,
})

const byId = prepare<{ id: string }, SiteRow>((from, v) =>
  from
    .table('sites')
    .where('id', v.id)
    .select(...columns),
)

/** Sites of the call's tenant. */
export class SiteRepository {
  readonly #db: TenantDb

  constructor({ db }: { db: TenantDb }) {
    this.#db = db
  }

  find(id: string): Promise<SiteRow | undefined> {
    return this.#db.first(byId, { id })
  }

  /** Ids by the names as they are given, compared by `nameKey`. */
  async idsByName(names: readonly string[]): Promise<Map<string, string>> {
    const wanted = Map.groupBy(new Set(names), nameKey)
    const keys = [...wanted.keys()]
    const found = new Map<string, string>()
    for (let start = 0; start < keys.length; start += BATCH) {
      const batch = keys.slice(start, start + BATCH)
      const rows: { id: string; name: string }[] = await this.#db
        .table('sites')
        .whereRaw(`lower(name) in (${batch.map(() => '?')})`, batch)
        .select('id', 'name')
      for (const { id, name } of rows) for (const given of wanted.get(nameKey(name)) ?? []) found.set(given, id)
    }
    return found
  }

  async insert(site: NewSite, now: Date): Promise<SiteRow> {
    const time = now.toISOString()
    const row: SiteRow = { id: newId(), ...site, created_at: time, updated_at: time, revision: 1 }
    await this.#db.table('sites').insert(row)
    return row
  }

  /** False when the site is no longer at this revision. */
  async update(id: string, revision: number, change: SiteChange, now: Date): Promise<boolean> {
    const changed = await this.#db
      .table('sites')
      .where({ id, revision })
      .update({ ...change, revision: revision + 1, updated_at: now.toISOString() })
    return changed > 0
  }

  /** False when the site is no longer at this revision. */
  async delete(id: string, revision: number): Promise<boolean> {
    return (await this.#db.table('sites').where({ id, revision }).delete()) > 0
  }
}
