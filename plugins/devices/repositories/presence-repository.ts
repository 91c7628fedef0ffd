import { type PlatformDb, prepare } from '../../../kernel/contract.ts'
import { STATUS_SQL, silenceAt } from '../device-status.ts'

/** Ids in one statement. */
const AT_ONCE = 500

/** A device, with whose it is. */
export interface DeviceOfTenant {
  readonly id: string
  readonly tenant_id: string
}

/** A device whose status differs from what was written down last. */
export interface Turned extends DeviceOfTenant {
  readonly name: string
  readonly status: string
  readonly last_seen_at: string
}

const batches = (ids: readonly string[]): string[][] =>
  Array.from({ length: Math.ceil(ids.length / AT_ONCE) }, (_, n) => ids.slice(n * AT_ONCE, (n + 1) * AT_ONCE))

const counts = prepare<{ stale: string; offline: string }, { status: string; devices: number }>((from, v) => {
  const status = (): [string, string[]] => [`${STATUS_SQL} AS status`, [v.stale, v.offline]]
  const all = from.table('devices')
  const named = all.client.raw(...status())
  return from
    .table(all.select(named).as('device') as never)
    .groupBy('status')
    .select('status')
    .count({ devices: '*' })
})

/** When devices of all tenants were heard last. */
export class PresenceRepository {
  readonly #db: PlatformDb

  constructor({ db }: { db: PlatformDb }) {
    this.#db = db
  }

  /** Writes down that devices were heard at a time, unless they were heard later, or revoked. Returns how many it wrote. */
  async heard(ids: readonly string[], at: Date): Promise<number> {
    const time = at.toISOString()
    let written = 0
    for (const batch of batches(ids)) {
      written += await this.#db
        .table('devices')
        .whereIn('id', batch)
        .whereNull('revoked_at')
        .where(either => either.whereNull('last_seen_at').orWhere('last_seen_at', '<', time))
        .update({ last_seen_at: time })
    }
    return written
  }

  /** Of these devices, those that were revoked. */
  async revoked(ids: readonly string[]): Promise<DeviceOfTenant[]> {
    const found: DeviceOfTenant[] = []
    for (const batch of batches(ids)) {
      const query = this.#db.table('devices').whereIn('id', batch).whereNotNull('revoked_at')
      found.push(...((await query.select('id', 'tenant_id')) as DeviceOfTenant[]))
    }
    return found
  }

  /** Devices whose status has to be written down, at most `most`. */
  async turned(now: Date, most: number): Promise<Turned[]> {
    const { stale, offline } = silenceAt(now)
    const devices = () => this.#db.table('devices').whereNull('revoked_at')
    const found: Turned[] = []
    for (const query of [
      devices().where('status', 'connected').where('last_seen_at', '<=', stale),
      devices().where('status', 'stale').where('last_seen_at', '<=', offline),
      devices().whereIn('status', ['registered', 'stale', 'offline']).where('last_seen_at', '>', stale),
    ]) {
      if (found.length >= most) break
      found.push(
        ...((await query
          .limit(most - found.length)
          .select('id', 'tenant_id', 'name', 'status', 'last_seen_at')) as Turned[]),
      )
    }
    return found
  }

  /** Writes a status down for devices that have another one. */
  async turn(ids: readonly string[], before: string, status: string): Promise<void> {
    await this.#db
      .table('devices')
      .whereIn('id', ids)
      .where('status', before)
      .whereNull('revoked_at')
      .update({ status })
  }

  /** How many devices have each status. */
  counts(now: Date): Promise<{ readonly status: string; readonly devices: number }[]> {
    return this.#db.all(counts, silenceAt(now))
  }
}
