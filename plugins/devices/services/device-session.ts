import type { Call } from '../../../kernel/contract.ts'
import type { CommandAck, DueCommand } from '../command.ts'
import { configOf, type HelloFrame } from '../frames.ts'
import { edgeChannel } from '../public.ts'
import type { DeviceRepository } from '../repositories/device-repository.ts'
import type { CommandDelivery } from './command-delivery.ts'
import type { CommandService } from './command-service.ts'
import type { DeviceSnapService } from './device-snap-service.ts'

interface Dependencies {
  readonly call: Call
  readonly devices: DeviceRepository
  readonly commandDelivery: CommandDelivery
  readonly commandService: CommandService
  readonly deviceSnapService: DeviceSnapService
}

/** The device's end of a socket, as the session needs it. */
export interface DeviceSocket {
  readonly id: string
  send(type: 'command', data: DueCommand): void
  send(type: 'config', data: ReturnType<typeof configOf>): void
}

/** What a device does on its socket. The device is the actor of the call. */
export class DeviceSession {
  readonly #call: Call
  readonly #devices: DeviceRepository
  readonly #delivery: CommandDelivery
  readonly #commands: CommandService
  readonly #snaps: DeviceSnapService

  constructor({ call, devices, commandDelivery, commandService, deviceSnapService }: Dependencies) {
    this.#call = call
    this.#devices = devices
    this.#delivery = commandDelivery
    this.#commands = commandService
    this.#snaps = deviceSnapService
  }

  get #device(): string {
    return this.#call.actor.id
  }

  /** The socket is there: commands go to it from now on, and what waits goes out. */
  async begin(socket: DeviceSocket): Promise<void> {
    if (await this.#claim(socket)) await this.goOn(socket)
    else if ((await this.#devices.find(this.#device))?.revoked_at !== null) {
      // It was revoked between the look at its key and now, so nobody has closed this socket.
      this.#call.disconnect(edgeChannel, [this.#device])
    }
  }

  /** The socket has gone. */
  end(socket: Pick<DeviceSocket, 'id'>): Promise<void> {
    return this.#devices.releaseSocket(this.#device, socket.id)
  }

  /** Writes down what the device says of itself, and tells it what it is called here. */
  async hello({ version, ip_address, snaps }: HelloFrame, socket: DeviceSocket): Promise<void> {
    await this.#claim(socket)
    const device = await this.#devices.find(this.#device)
    if (!device) return
    const changed = {
      ...(version !== undefined && version !== device.version ? { version } : {}),
      ...(ip_address !== undefined && ip_address !== device.ip_address ? { ip_address } : {}),
    }
    if (Object.keys(changed).length > 0) await this.#devices.describe(device.id, changed)
    if (snaps) await this.#snaps.installed(device.id, snaps)
    socket.send('config', configOf(device))
    await this.goOn(socket)
  }

  /** Takes what the device says of a command, and sends the next one. */
  async acknowledge(id: string, ack: CommandAck, socket: DeviceSocket): Promise<void> {
    await this.#commands.acknowledge(this.#device, id, ack)
    // On a socket that is not the device's own any more, the next one goes to the one that is.
    if (!(await this.goOn(socket))) await this.#delivery.push(this.#device)
  }

  /** Sends the command that is due; one that was sent a while ago without an answer is due again. True: there was one. */
  async goOn(socket: DeviceSocket): Promise<boolean> {
    const due = await this.#delivery.forSocket(this.#device, socket.id, () => this.#claim(socket))
    if (due) socket.send('command', due)
    return due !== undefined
  }

  #claim(socket: DeviceSocket): Promise<boolean> {
    return this.#devices.claimSocket(this.#device, socket.id, this.#call.now())
  }
}
