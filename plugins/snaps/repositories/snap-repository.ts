import { type PlatformDb, prepare } from '../../../kernel/contract.ts'
import type { Channel } from '../snap.ts'
import { columns, type SnapRow, type StoredSnap, storedSnap } from './snap-row.ts'

const byVersion = prepare<{ name: string; version: string }, SnapRow>((from, v) =>
  from
    .table('snaps')
    .where({ name: v.name, version: v.version })
    .select(...columns),
)

/** Published versions, for the work of the platform: adding, releasing, handing out. */
export class SnapRepository {
  readonly #db: PlatformDb

  constructor({ db }: { db: PlatformDb }) {
    this.#db = db
  }

  async find(name: string, version: string): Promise<StoredSnap | undefined> {
    const row = await this.#db.first(byVersion, { name, version })
    return row && storedSnap(row)
  }

  /**
   * Adds a version, unless there is one of this name and number already.
   * @returns the one that is there now: `id` tells whether it is the new one
   */
  add(snap: Omit<StoredSnap, 'created_at' | 'released_at'>, now: Date): Promise<StoredSnap> {
    return this.#db.transaction(async () => {
      const released_at = await this.#after(snap.name, now)
      const row = { ...snap, created_at: now, released_at }
      await this.#db.upsert('snaps', [row], ['name', 'version'], [])
      return this.#present(snap.name, snap.version)
    })
  }

  /** Makes a version the last one of a channel. Undefined: there is none. */
  release(name: string, version: string, channel: Channel, now: Date): Promise<StoredSnap | undefined> {
    return this.#db.transaction(async () => {
      const released_at = await this.#after(name, now)
      const changed = await this.#db.table('snaps').where({ name, version }).update({ channel, released_at })
      return changed === 0 ? undefined : this.#present(name, version)
    })
  }

  /** Gives a version the package of another key, whose content is the same. */
  async moveTo(id: string, blobKey: string): Promise<void> {
    await this.#db.table('snaps').where({ id }).update({ blob_key: blobKey })
  }

  /** Of these keys, those that a version has. */
  async keysInUse(keys: readonly string[]): Promise<Set<string>> {
    const rows: { blob_key: string }[] = await this.#db
      .table('snaps')
      .whereIn('blob_key', [...keys])
      .select('blob_key')
    return new Set(rows.map(({ blob_key }) => blob_key))
  }

  /** Now, or just after the last release of this name: the clocks of two instances differ, the order must not. */
  async #after(name: string, now: Date): Promise<Date> {
    const last: { released_at: string } | undefined = await this.#db
      .table('snaps')
      .where({ name })
      .orderBy('released_at', 'desc')
      .select('released_at')
      .first()
    return last === undefined ? now : new Date(Math.max(now.getTime(), Date.parse(last.released_at) + 1))
  }

  async #present(name: string, version: string): Promise<StoredSnap> {
    const found = await this.find(name, version)
    if (!found) throw new Error(`the snap ${name} ${version} is gone although it was written just now`)
    return found
  }
}
