import { type Call, problem } from '../../../kernel/contract.ts'
import {
  type CommandAck,
  type CommandStatus,
  DEFAULT_EXPIRY_MS,
  type DeviceCommand,
  LONGEST_EXPIRY_MS,
  MOST_OPEN,
  type NewCommand,
} from '../command.ts'
import { commandTopic } from '../command-topic.ts'
import {
  type CommandRepository,
  type CommandRow,
  commandStatusAt,
  toCommand,
} from '../repositories/command-repository.ts'
import type { CommandDelivery } from './command-delivery.ts'
import type { DeviceService } from './device-service.ts'

interface Dependencies {
  readonly call: Call
  readonly commands: CommandRepository
  readonly commandDelivery: CommandDelivery
  readonly deviceService: DeviceService
}

/** What may be done with commands: users send and cancel them, devices say how they ended. */
export class CommandService {
  readonly #call: Call
  readonly #commands: CommandRepository
  readonly #delivery: CommandDelivery
  readonly #devices: DeviceService

  constructor({ call, commands, commandDelivery, deviceService }: Dependencies) {
    this.#call = call
    this.#commands = commands
    this.#delivery = commandDelivery
    this.#devices = deviceService
  }

  /** @throws Problem `not_found` when the device or its command is not there */
  async get(deviceId: string, id: string): Promise<DeviceCommand> {
    return toCommand(await this.#row(deviceId, id), this.#call.now())
  }

  /**
   * Queues a command; it goes out at once when the device is there and has nothing to do before.
   * @throws Problem `not_found`, `conflict` for a device that was revoked, `too_many_commands`, `invalid` for its expiry
   */
  async send(deviceId: string, { command, payload, ...expiry }: NewCommand): Promise<DeviceCommand> {
    const now = this.#call.now()
    const expires_at = this.#expiry(expiry, now)
    const position = await this.#commands.nextPosition(deviceId)
    if (position === undefined) {
      await this.#devices.get(deviceId)
      throw problem('conflict', 'This device was revoked: it takes no commands.')
    }
    if ((await this.#commands.countOpen(deviceId, now)) >= MOST_OPEN) {
      throw problem('too_many_commands', `${MOST_OPEN} commands wait for this device already; cancel some first.`)
    }
    const { kind, id: actorId } = this.#call.actor
    const created_by = kind === 'user' ? actorId : null
    const added = { device_id: deviceId, position, command, payload, expires_at, created_by }
    const id = await this.#commands.insert(added, now)
    this.#call.audit({
      action: 'device-command.sent',
      resourceType: 'device-command',
      resourceId: id,
      after: { device_id: deviceId, command, payload, expires_at },
    })
    await this.#goOn(deviceId)
    return this.get(deviceId, id)
  }

  /**
   * Cancels a command that is not final. Its device may have it already: what it says then is kept as late. Again is
   * harmless.
   * @throws Problem `not_found`, or `conflict` for one that has ended
   */
  async cancel(deviceId: string, id: string): Promise<DeviceCommand> {
    const now = this.#call.now()
    const before = await this.#row(deviceId, id)
    const status = commandStatusAt(before, now)
    if (status !== 'cancelled') {
      const waits = status === 'queued' || status === 'sent'
      if (!waits || !(await this.#commands.close(id, 'cancelled', now))) {
        throw problem('conflict', `This command is ${waits ? 'ending' : status} already.`)
      }
      this.#audit(id, 'cancelled', status)
      await this.#goOn(deviceId)
    }
    return this.get(deviceId, id)
  }

  /**
   * Takes what a device says of one of its commands. The first word decides: said again, or otherwise, it changes nothing and
   * is answered with what is stored. For a command that expired or was cancelled it is kept as late.
   * @returns the status as it is stored then
   * @throws Problem `not_found`, or `conflict` for a command that was never sent
   */
  async acknowledge(deviceId: string, id: string, ack: CommandAck): Promise<CommandStatus> {
    const now = this.#call.now()
    const before = await this.#row(deviceId, id)
    if (before.status === 'queued' && commandStatusAt(before, now) === 'queued') {
      throw problem('conflict', 'This command was not sent yet.')
    }
    if (commandStatusAt(before, now) === 'sent' && (await this.#commands.finish(id, ack, now))) {
      this.#audit(id, ack.status, 'sent')
      this.#call.wake(commandTopic(deviceId))
      return ack.status
    }
    if (commandStatusAt(before, now) === 'expired') await this.#commands.close(id, 'expired', now)
    await this.#commands.recordLate(id, ack, now)
    return (await this.#row(deviceId, id)).status
  }

  /** Lets the device know that there may be something to do: over its socket, or by ending a poll. */
  async #goOn(deviceId: string): Promise<void> {
    await this.#delivery.push(deviceId)
    this.#call.wake(commandTopic(deviceId))
  }

  async #row(deviceId: string, id: string): Promise<CommandRow> {
    const row = await this.#commands.find(deviceId, id)
    if (!row) throw problem('not_found', 'This device has no command of this id.')
    return row
  }

  #audit(id: string, status: CommandStatus, before: CommandStatus): void {
    this.#call.audit({
      action: `device-command.${status}`,
      resourceType: 'device-command',
      resourceId: id,
      before: { status: before },
      after: { status },
    })
  }

  #expiry(
    { expires_at, expires_in_seconds }: Pick<NewCommand, 'expires_at' | 'expires_in_seconds'>,
    now: Date,
  ): string {
    const from = now.getTime()
    if (expires_at === undefined) {
      const ms = expires_in_seconds === undefined ? DEFAULT_EXPIRY_MS : expires_in_seconds * 1000
      return new Date(from + ms).toISOString()
    }
    const until = Date.parse(expires_at)
    if (until > from && until <= from + LONGEST_EXPIRY_MS) return new Date(until).toISOString()
    throw problem('invalid', 'A command expires within 30 days.', {
      errors: [{ path: 'body.expires_at', message: 'must be in the future, and within 30 days' }],
    })
  }
}
