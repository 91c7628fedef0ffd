import { type PlatformDb, prepare } from '../../../kernel/contract.ts'
import { silenceAt } from '../device-status.ts'

/** A device to which something is due. */
export interface DueDevice {
  readonly device_id: string
  readonly tenant_id: string
}

const open = ['queued', 'sent']

const counts = prepare<Record<never, never>, { status: string; commands: number }>(from =>
  from.table('device_commands').whereIn('status', open).groupBy('status').select('status').count({ commands: '*' }),
)

const oldest = prepare<Record<never, never>, { oldest: string | null }>(from =>
  from.table('device_commands').whereIn('status', open).where('status', 'queued').min({ oldest: 'created_at' }),
)

/** The commands of all tenants that are not final. */
export class CommandQueue {
  readonly #db: PlatformDb

  constructor({ db }: { db: PlatformDb }) {
    this.#db = db
  }

  /** Ends commands whose time is over, at most `most`. Returns how many there were. */
  async expire(now: Date, most: number): Promise<number> {
    const time = now.toISOString()
    const overdue: { id: string }[] = await this.#db
      .table('device_commands')
      .whereIn('status', open)
      .where('expires_at', '<=', time)
      .limit(most)
      .select('id')
    if (overdue.length === 0) return 0
    await this.#db
      .table('device_commands')
      .whereIn(
        'id',
        overdue.map(({ id }) => id),
      )
      .whereIn('status', open)
      .update({ status: 'expired', finished_at: time, updated_at: time })
    return overdue.length
  }

  /** Devices with a socket to which a command is due that nobody has sent, at most `most`. */
  due(now: Date, most: number): Promise<DueDevice[]> {
    const time = now.toISOString()
    return this.#db
      .table('device_commands as command')
      .join('devices', 'devices.id', 'command.device_id')
      .whereIn('command.status', open)
      .where('command.expires_at', '>', time)
      .where(either => either.where('command.status', 'queued').orWhere('command.resend_at', '<=', time))
      .whereNotNull('devices.socket_id')
      .where('devices.last_seen_at', '>', silenceAt(now).stale)
      .whereNotExists(query =>
        query
          .from('device_commands as under_way')
          .whereRaw('?? = ??', ['under_way.device_id', 'command.device_id'])
          .where('under_way.status', 'sent')
          .where('under_way.expires_at', '>', time)
          .where('under_way.resend_at', '>', time)
          .select('under_way.id'),
      )
      .limit(most)
      .distinct({ device_id: 'command.device_id', tenant_id: 'command.tenant_id' })
  }

  /** Deletes commands that ended before a time, at most `most`. Returns how many there were. */
  async deleteEnded(before: Date, most: number): Promise<number> {
    const ended: { id: string }[] = await this.#db
      .table('device_commands')
      .whereNotNull('finished_at')
      .where('finished_at', '<', before.toISOString())
      .limit(most)
      .select('id')
    const ids = ended.map(({ id }) => id)
    if (ids.length > 0) await this.#db.table('device_commands').whereIn('id', ids).delete()
    return ids.length
  }

  /** How many commands are queued and sent. */
  counts(): Promise<{ readonly status: string; readonly commands: number }[]> {
    return this.#db.all(counts, {})
  }

  /** When the oldest command was given that nobody was sent yet. */
  async oldestQueued(): Promise<string | null> {
    return (await this.#db.first(oldest, {}))?.oldest ?? null
  }
}
