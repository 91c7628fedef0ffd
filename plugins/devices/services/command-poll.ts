import { type Call, problem } from '../../../kernel/contract.ts'
import type { DueCommand } from '../command.ts'
import { commandTopic } from '../command-topic.ts'
import type { DeviceRepository } from '../repositories/device-repository.ts'
import type { CommandDelivery } from './command-delivery.ts'

interface Dependencies {
  readonly call: Call
  readonly devices: DeviceRepository
  readonly commandDelivery: CommandDelivery
}

/** Hands commands to a device that asks for them. The device is the actor of the call. */
export class CommandPoll {
  readonly #call: Call
  readonly #devices: DeviceRepository
  readonly #delivery: CommandDelivery

  constructor({ call, devices, commandDelivery }: Dependencies) {
    this.#call = call
    this.#devices = devices
    this.#delivery = commandDelivery
  }

  /**
   * What the device has to do now; waits up to so many seconds when it is nothing yet.
   * @throws Problem `device_revoked` when that happened meanwhile
   */
  async wait(seconds: number): Promise<DueCommand[]> {
    if (seconds === 0) return this.#take()
    const device = this.#call.actor.id
    const until = performance.now() + seconds * 1000
    using bell = this.#call.listen(commandTopic(device))
    for (;;) {
      const due = await this.#take()
      const left = until - performance.now()
      if (due.length > 0 || left <= 0 || !(await bell.heard(left))) return due
      if ((await this.#devices.find(device))?.revoked_at !== null) throw problem('device_revoked')
    }
  }

  async #take(): Promise<DueCommand[]> {
    const due = await this.#delivery.forPoll(this.#call.actor.id)
    return due ? [due] : []
  }
}
