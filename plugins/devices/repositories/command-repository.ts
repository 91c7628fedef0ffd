import { z } from 'zod'
import { defineList, equals, type Filter, newId, oneOf, prepare, type TenantDb } from '../../../kernel/contract.ts'
import {
  type CommandAck,
  type CommandStatus,
  commandStatuses,
  type DeviceCommand,
  type DueCommand,
} from '../command.ts'

/** A row of `device_commands`. */
export interface CommandRow extends Omit<DeviceCommand, 'payload' | 'result'> {
  /** JSON. */
  readonly payload: string
  /** JSON; null without a result. */
  readonly result: string | null
}

/** The oldest command of a device that is not final, with what decides whether it is sent now. */
export interface Head {
  readonly id: string
  readonly command: string
  readonly payload: string
  readonly status: 'queued' | 'sent'
  readonly attempts: number
  readonly created_at: string
  readonly expires_at: string
  /** The socket it was sent to; null: to nobody yet, or to a poll. */
  readonly sent_to: string | null
  readonly resend_at: string | null
  /** The device's own socket, and when it was heard. */
  readonly socket_id: string | null
  readonly last_seen_at: string | null
}

/** A command to add. */
export interface CommandToAdd {
  readonly device_id: string
  readonly position: number
  readonly command: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly expires_at: string
  readonly created_by: string | null
}

const columns = [
  'id',
  'device_id',
  'command',
  'payload',
  'status',
  'attempts',
  'result',
  'error',
  'late_status',
  'late_at',
  'created_by',
  'created_at',
  'sent_at',
  'finished_at',
  'expires_at',
] as const

const isOpen = (status: CommandStatus): boolean => status === 'queued' || status === 'sent'

/** The status of a command at a moment: one whose time is over is expired, also before a job has written it down. */
export const commandStatusAt = (row: Pick<CommandRow, 'status' | 'expires_at'>, now: Date): CommandStatus =>
  isOpen(row.status) && row.expires_at <= now.toISOString() ? 'expired' : row.status

/** The row as its sender sees it at a moment. */
export const toCommand = (row: CommandRow, now: Date): DeviceCommand => ({
  id: row.id,
  device_id: row.device_id,
  command: row.command,
  payload: JSON.parse(row.payload) as Record<string, unknown>,
  status: commandStatusAt(row, now),
  attempts: row.attempts,
  result: row.result === null ? null : JSON.parse(row.result),
  error: row.error,
  late_status: row.late_status,
  late_at: row.late_at,
  created_by: row.created_by,
  created_at: row.created_at,
  sent_at: row.sent_at,
  finished_at: row.finished_at,
  expires_at: row.expires_at,
})

/** The command as its device gets it. */
export const toDue = (head: Head, attempt: number): DueCommand => ({
  id: head.id,
  command: head.command,
  payload: JSON.parse(head.payload) as Record<string, unknown>,
  attempt,
  created_at: head.created_at,
  expires_at: head.expires_at,
})

/** `?status=queued,expired`: what is bound begins with the time, which the handler puts there. */
const status: Filter = {
  ...oneOf('status', z.enum(commandStatuses)),
  where(query, [now, ...statuses]: string[]) {
    const open = "status IN ('queued', 'sent') AND expires_at <= ?"
    query.whereRaw(`(CASE WHEN ${open} THEN 'expired' ELSE status END) IN (${statuses.map(() => '?')})`, [
      now ?? '',
      ...statuses,
    ])
  },
}

/** The commands of a device: the handler adds `device_id`, and the time to `status`. */
export const commandList = defineList({
  table: 'device_commands',
  columns,
  sorts: { created_at: 'created_at' },
  defaultSort: '-created_at',
  filters: {
    status,
    device_id: equals('device_id', z.string()),
  },
  item: (row: CommandRow) => row,
})

const byId = prepare<{ id: string; device_id: string }, CommandRow>((from, v) =>
  from
    .table('device_commands')
    .where({ id: v.id, device_id: v.device_id })
    .select(...columns),
)

const headOf = prepare<{ device_id: string; now: string }, Head>((from, v) =>
  from
    .table('device_commands')
    .join('devices', 'devices.id', 'device_commands.device_id')
    .where('device_commands.device_id', v.device_id)
    .whereIn('device_commands.status', ['queued', 'sent'])
    .where('device_commands.expires_at', '>', v.now)
    .whereNull('devices.revoked_at')
    .orderBy('device_commands.position')
    .limit(1)
    .select({
      id: 'device_commands.id',
      command: 'device_commands.command',
      payload: 'device_commands.payload',
      status: 'device_commands.status',
      attempts: 'device_commands.attempts',
      created_at: 'device_commands.created_at',
      expires_at: 'device_commands.expires_at',
      sent_to: 'device_commands.socket_id',
      resend_at: 'device_commands.resend_at',
      socket_id: 'devices.socket_id',
      last_seen_at: 'devices.last_seen_at',
    }),
)

/** Commands of the call's tenant. Every change of a status names the one it comes from. */
export class CommandRepository {
  readonly #db: TenantDb

  constructor({ db }: { db: TenantDb }) {
    this.#db = db
  }

  find(deviceId: string, id: string): Promise<CommandRow | undefined> {
    return this.#db.first(byId, { id, device_id: deviceId })
  }

  /** What the device has to do next; undefined for a device without work, or that was revoked. */
  head(deviceId: string, now: Date): Promise<Head | undefined> {
    return this.#db.first(headOf, { device_id: deviceId, now: now.toISOString() })
  }

  /**
   * The place of a new command in the device's queue. Until the transaction ends no other command gets one, so that places
   * are in the order of commits. Undefined for a device that is not there, or was revoked.
   */
  async nextPosition(deviceId: string): Promise<number | undefined> {
    const device = (): ReturnType<TenantDb['table']> => this.#db.table('devices').where({ id: deviceId })
    if ((await device().whereNull('revoked_at').increment('last_command', 1)) === 0) return undefined
    const [row] = (await device().select('last_command')) as [{ last_command: number }]
    return row.last_command
  }

  /** Commands of a device that wait for it. */
  async countOpen(deviceId: string, now: Date): Promise<number> {
    const [counted] = (await this.#db
      .table('device_commands')
      .where({ device_id: deviceId })
      .whereIn('status', ['queued', 'sent'])
      .where('expires_at', '>', now.toISOString())
      .count({ open: '*' })) as [{ open: number }]
    return Number(counted.open)
  }

  async insert({ payload, ...command }: CommandToAdd, now: Date): Promise<string> {
    const time = now.toISOString()
    const id = newId()
    await this.#db.table('device_commands').insert({
      id,
      ...command,
      payload: JSON.stringify(payload),
      status: 'queued',
      attempts: 0,
      created_at: time,
      updated_at: time,
    })
    return id
  }

  /** Hands a command out; false when somebody else has done so meanwhile. */
  async markSent(head: Head, socketId: string | null, resendAt: Date, now: Date): Promise<boolean> {
    const time = now.toISOString()
    const { id, status, attempts } = head
    const changed = await this.#db
      .table('device_commands')
      .where({ id, status, attempts })
      .update({
        status: 'sent',
        attempts: attempts + 1,
        socket_id: socketId,
        resend_at: resendAt.toISOString(),
        updated_at: time,
        ...(status === 'queued' ? { sent_at: time } : {}),
      })
    return changed > 0
  }

  /** Ends a command that was sent; false when it is in another state meanwhile. */
  async finish(id: string, { status, result, error }: CommandAck, now: Date): Promise<boolean> {
    const time = now.toISOString()
    const changed = await this.#db
      .table('device_commands')
      .where({ id, status: 'sent' })
      .update({ status, ...answerOf(result, error), finished_at: time, updated_at: time })
    return changed > 0
  }

  /** Keeps what a device says of a command that is over, once; its status stays. */
  async recordLate(id: string, { status, result, error }: CommandAck, now: Date): Promise<void> {
    const time = now.toISOString()
    await this.#db
      .table('device_commands')
      .where({ id })
      .whereIn('status', ['expired', 'cancelled'])
      .whereNull('late_status')
      .update({ late_status: status, late_at: time, ...answerOf(result, error), updated_at: time })
  }

  /** Ends a command that waits for its device; false when it is final already. */
  async close(id: string, status: 'cancelled' | 'expired', now: Date): Promise<boolean> {
    return (await this.#close(status, now).where({ id })) > 0
  }

  /** Cancels what waits for a device. Returns how many there were. */
  cancelAll(deviceId: string, now: Date): Promise<number> {
    return this.#close('cancelled', now).where({ device_id: deviceId })
  }

  #close(status: 'cancelled' | 'expired', now: Date): ReturnType<TenantDb['table']> {
    const time = now.toISOString()
    return this.#db
      .table('device_commands')
      .whereIn('status', ['queued', 'sent'])
      .update({ status, finished_at: time, updated_at: time })
  }
}

const answerOf = (result: unknown, error: string | null | undefined) => ({
  result: result === undefined ? null : JSON.stringify(result),
  error: error ?? null,
})
