import { defineList, equals, oneOf, prepare, type TenantDb } from '../../../kernel/contract.ts'
import { type Channel, type Snap, SnapChannel, SnapName } from '../snap.ts'
import { columns, type SnapRow, type StoredSnap, show, storedSnap } from './snap-row.ts'

const byVersion = prepare<{ name: string; version: string }, SnapRow>((from, v) =>
  from
    .shared('snaps')
    .where({ name: v.name, version: v.version })
    .select(...columns),
)

const latestOf = prepare<{ name: string; channel: string }, SnapRow>((from, v) =>
  from
    .shared('snaps')
    .where({ name: v.name, channel: v.channel })
    .select(...columns)
    .orderBy('released_at', 'desc')
    .orderBy('created_at', 'desc')
    .limit(1),
)

/** The list of published versions. */
export const snapList = defineList({
  table: 'snaps',
  shared: true,
  columns,
  sorts: { released_at: 'released_at', created_at: 'created_at', name: 'name' },
  defaultSort: '-released_at',
  filters: { name: equals('name', SnapName), channel: oneOf('channel', SnapChannel) },
  item: (row: SnapRow): Snap => show(storedSnap(row)),
})

/** What is published, for reading in a tenant's call: the catalogue is the same for all tenants. */
export class CatalogueRepository {
  readonly #db: TenantDb

  constructor({ db }: { db: TenantDb }) {
    this.#db = db
  }

  async find(name: string, version: string): Promise<StoredSnap | undefined> {
    const row = await this.#db.first(byVersion, { name, version })
    return row && storedSnap(row)
  }

  /** The version that was released to a channel last, of those that are still in it. */
  async latestIn(name: string, channel: Channel): Promise<StoredSnap | undefined> {
    const row = await this.#db.first(latestOf, { name, channel })
    return row && storedSnap(row)
  }
}
