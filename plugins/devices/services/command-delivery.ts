import type { Call, TenantDb } from '../../../kernel/contract.ts'
import type { DueCommand } from '../command.ts'
import { silenceAt } from '../device-status.ts'
import { edgeChannel } from '../public.ts'
import { type CommandRepository, type Head, toDue } from '../repositories/command-repository.ts'

const FIRST_RESEND_MS = 30_000
const LONGEST_RESEND_MS = 10 * 60_000

/** When a command is sent again that nobody acknowledges: after 30 s, then after twice as long each time, up to 10 min. */
export const resendAfterMs = (attempt: number): number =>
  Math.min(LONGEST_RESEND_MS, FIRST_RESEND_MS * 2 ** Math.min(attempt - 1, 10))

/** What the delivery needs of a call; a job has it for a tenant, too. */
export interface DeliveryCall extends Pick<Call, 'now'> {
  publish(channel: string, type: string, data: unknown, to: { readonly actors: readonly string[] }): void
}

interface Dependencies {
  readonly call: DeliveryCall
  readonly db: TenantDb
  readonly commands: CommandRepository
}

/**
 * Hands commands out, one at a time for each device and in the order in which they were given. Whoever hands one out writes
 * that down first, with a condition on what it was before, so that of two that try one does it.
 */
export class CommandDelivery {
  readonly #call: DeliveryCall
  readonly #db: TenantDb
  readonly #commands: CommandRepository

  constructor({ call, db, commands }: Dependencies) {
    this.#call = call
    this.#db = db
    this.#commands = commands
  }

  /** The command for a poll, if it is due. */
  async forPoll(deviceId: string): Promise<DueCommand | undefined> {
    const head = await this.#commands.head(deviceId, this.#call.now())
    return head && this.#take(head, null, this.#liveSocket(head))
  }

  /** The command for a socket that speaks, if it is due. A socket that is not the device's own any more gets none. */
  async forSocket(deviceId: string, socketId: string, claim: () => Promise<boolean>): Promise<DueCommand | undefined> {
    const head = await this.#commands.head(deviceId, this.#call.now())
    if (!head || (head.socket_id !== socketId && !(await claim()))) return undefined
    return this.#take(head, socketId, socketId)
  }

  /** Sends the command that is due to the device's socket, wherever that is. True when there was one. */
  async push(deviceId: string): Promise<boolean> {
    const head = await this.#commands.head(deviceId, this.#call.now())
    const socketId = head && this.#liveSocket(head)
    if (!head || !socketId) return false
    const due = await this.#take(head, socketId, socketId)
    if (due) this.#call.publish(edgeChannel, 'command', due, { actors: [deviceId] })
    return due !== undefined
  }

  /** The device's socket, while it is heard: one whose instance is gone is not. */
  #liveSocket({ socket_id, last_seen_at }: Head): string | null {
    return last_seen_at !== null && last_seen_at > silenceAt(this.#call.now()).stale ? socket_id : null
  }

  /** @param live the socket on which the device is now, if any: what was sent to another one is sent again at once */
  async #take(head: Head, to: string | null, live: string | null): Promise<DueCommand | undefined> {
    const now = this.#call.now()
    const lost = head.sent_to !== null && head.sent_to !== live
    if (head.status === 'sent' && !lost && (head.resend_at ?? '') > now.toISOString()) return undefined
    const attempt = head.attempts + 1
    const resendAt = new Date(now.getTime() + resendAfterMs(attempt))
    const taken = await this.#db.transaction(() => this.#commands.markSent(head, to, resendAt, now))
    return taken ? toDue(head, attempt) : undefined
  }
}
