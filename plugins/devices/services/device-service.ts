import { type Call, problem } from '../../../kernel/contract.ts'
import type { SiteDirectory } from '../../sites/public.ts'
import { commandTopic } from '../command-topic.ts'
import type { Device, DeviceChange } from '../device.ts'
import { configOf } from '../frames.ts'
import { deviceRevoked, edgeChannel } from '../public.ts'
import type { CommandRepository } from '../repositories/command-repository.ts'
import { type DeviceRepository, type DeviceRow, toDevice } from '../repositories/device-repository.ts'

import { requireSite } from './require-site.ts'

interface Dependencies {
  readonly call: Call
  readonly devices: DeviceRepository
  readonly commands: CommandRepository
  readonly sites: SiteDirectory
}

/** What users may do with devices. */
export class DeviceService {
  readonly #call: Call
  readonly #devices: DeviceRepository
  readonly #commands: CommandRepository
  readonly #sites: SiteDirectory

  constructor({ call, devices, commands, sites }: Dependencies) {
    this.#call = call
    this.#devices = devices
    this.#commands = commands
    this.#sites = sites
  }

  /** @throws Problem `not_found` */
  async get(id: string): Promise<DeviceRow> {
    const device = await this.#devices.find(id)
    if (!device) throw problem('not_found', 'No device has this id.')
    return device
  }

  /** The row as the API shows it now. */
  show(row: DeviceRow): Device {
    return toDevice(row, this.#call.now())
  }

  /**
   * Changes a device; one that is connected is told.
   * @throws Problem `not_found`, `stale`, or `invalid` for a site that is not there
   */
  async update(id: string, change: DeviceChange, ifMatch: number | undefined): Promise<DeviceRow> {
    const before = await this.#at(id, ifMatch)
    if (change.site_id) await requireSite(this.#sites, change.site_id)
    if (!(await this.#devices.update(id, before.revision, change, this.#call.now()))) throw problem('stale')
    const after = await this.get(id)
    this.#call.audit({
      action: 'device.updated',
      resourceType: 'device',
      resourceId: id,
      before: this.show(before),
      after: this.show(after),
    })
    this.#call.publish(edgeChannel, 'config', configOf(after), { actors: [id] })
    return after
  }

  /**
   * Revokes a device: its key is dead, its socket closes, what waits for it is cancelled. Its records stay. Again is harmless.
   * @throws Problem `not_found` or `stale`
   */
  async revoke(id: string, ifMatch: number | undefined): Promise<void> {
    const now = this.#call.now()
    const before = await this.#at(id, ifMatch)
    if (await this.#devices.revoke(id, now)) {
      const cancelled = await this.#commands.cancelAll(id, now)
      this.#call.audit({
        action: 'device.revoked',
        resourceType: 'device',
        resourceId: id,
        before: { status: toDevice(before, now).status },
        after: { status: 'revoked', cancelled_commands: cancelled },
      })
      await this.#call.emit(deviceRevoked, { device_id: id })
    }
    this.#call.disconnect(edgeChannel, [id])
    this.#call.wake(commandTopic(id))
  }

  async #at(id: string, ifMatch: number | undefined): Promise<DeviceRow> {
    const device = await this.get(id)
    if (ifMatch !== undefined && ifMatch !== device.revision) throw problem('stale')
    return device
  }
}
