import { z } from 'zod'
import { contains, defineList, equals, oneOf, prepare, type TenantDb } from '../../../kernel/contract.ts'
import type { Device, DeviceChange } from '../device.ts'
import { silenceAt, statusAt, statusFilter } from '../device-status.ts'

const LOOKED_UP_AT_ONCE = 500

/** A row of `devices`. Its `status` is what a job wrote down last; what the API shows follows from the other columns. */
export interface DeviceRow extends Omit<Device, 'status'> {
  readonly status: string
  readonly socket_id: string | null
  readonly revision: number
}

const columns = [
  'id',
  'name',
  'location',
  'type',
  'site_id',
  'status',
  'version',
  'ip_address',
  'last_seen_at',
  'revoked_at',
  'created_at',
  'updated_at',
  'socket_id',
  'revision',
] as const

/** The row as the API shows it at a moment. */
export const toDevice = (row: DeviceRow, now: Date): Device => ({
  id: row.id,
  name: row.name,
  location: row.location,
  type: row.type,
  site_id: row.site_id,
  status: statusAt(row, now),
  version: row.version,
  ip_address: row.ip_address,
  last_seen_at: row.last_seen_at,
  revoked_at: row.revoked_at,
  created_at: row.created_at,
  updated_at: row.updated_at,
})

/** The list of devices; its items get their status by `toDevice`, and its status filter its moment by `atMoment`. */
export const deviceList = defineList({
  table: 'devices',
  columns,
  sorts: { created_at: 'created_at', name: 'name' },
  defaultSort: 'name',
  filters: {
    q: contains('name', 'location', 'ip_address'),
    status: statusFilter,
    site_id: equals('site_id', z.guid().toLowerCase()),
    type: oneOf('type', z.string().min(1).max(40)),
  },
  item: (row: DeviceRow) => row,
})

const byId = prepare<{ id: string }, DeviceRow>((from, v) =>
  from
    .table('devices')
    .where('id', v.id)
    .select(...columns),
)

/** Devices of the call's tenant. */
export class DeviceRepository {
  readonly #db: TenantDb

  constructor({ db }: { db: TenantDb }) {
    this.#db = db
  }

  find(id: string): Promise<DeviceRow | undefined> {
    return this.#db.first(byId, { id })
  }

  async byIds(ids: readonly string[]): Promise<DeviceRow[]> {
    const found: DeviceRow[] = []
    for (let start = 0; start < ids.length; start += LOOKED_UP_AT_ONCE) {
      const batch = ids.slice(start, start + LOOKED_UP_AT_ONCE)
      const rows: DeviceRow[] = await this.#db
        .table('devices')
        .whereIn('id', batch)
        .select(...columns)
      found.push(...rows)
    }
    return found
  }

  /** False when the device is no longer at this revision. */
  async update(id: string, revision: number, change: DeviceChange, now: Date): Promise<boolean> {
    const changed = await this.#db
      .table('devices')
      .where({ id, revision })
      .update({ ...change, revision: revision + 1, updated_at: now.toISOString() })
    return changed > 0
  }

  /** False when it was revoked before. */
  async revoke(id: string, now: Date): Promise<boolean> {
    const time = now.toISOString()
    const changed = await this.#db
      .table('devices')
      .where({ id })
      .whereNull('revoked_at')
      .update({ revoked_at: time, status: 'revoked', socket_id: null, updated_at: time })
      .increment('revision', 1)
    return changed > 0
  }

  /**
   * Makes a socket the one to which commands go, unless a newer one is it already and its device was heard since. False
   * then, and for a device that was revoked.
   */
  async claimSocket(id: string, socketId: string, now: Date): Promise<boolean> {
    const changed = await this.#db
      .table('devices')
      .where({ id })
      .whereNull('revoked_at')
      .where(either =>
        either
          .whereNull('socket_id')
          .orWhere('socket_id', '<=', socketId)
          .orWhere('last_seen_at', '<=', silenceAt(now).stale),
      )
      .update({ socket_id: socketId, last_seen_at: now.toISOString() })
    return changed > 0
  }

  /** Forgets a socket that has closed, unless another one has taken its place. */
  async releaseSocket(id: string, socketId: string): Promise<void> {
    await this.#db.table('devices').where({ id, socket_id: socketId }).update({ socket_id: null })
  }

  /** Writes down what a device says of itself. */
  async describe(id: string, facts: { readonly version?: string; readonly ip_address?: string }): Promise<void> {
    await this.#db.table('devices').where({ id }).whereNull('revoked_at').update(facts)
  }
}
