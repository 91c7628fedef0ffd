import { type Call, problem } from '../../../kernel/contract.ts'
import type { DeviceSnap, InstalledSnap, SnapReport } from '../device-snap.ts'
import type { DeviceSnapRepository } from '../repositories/device-snap-repository.ts'
import type { DeviceService } from './device-service.ts'

const MOST_SNAPS = 50

interface Dependencies {
  readonly call: Call
  readonly deviceSnaps: DeviceSnapRepository
  readonly deviceService: DeviceService
}

/** Which snaps devices have, as they say themselves. */
export class DeviceSnapService {
  readonly #call: Call
  readonly #snaps: DeviceSnapRepository
  readonly #devices: DeviceService

  constructor({ call, deviceSnaps, deviceService }: Dependencies) {
    this.#call = call
    this.#snaps = deviceSnaps
    this.#devices = deviceService
  }

  /** @throws Problem `not_found` */
  async ofDevice(deviceId: string): Promise<DeviceSnap[]> {
    await this.#devices.get(deviceId)
    return this.#snaps.ofDevice(deviceId)
  }

  /**
   * Takes what a device reports of a snap.
   * @throws Problem `not_found` when it speaks for another one, `conflict` when it has named too many
   */
  async report(deviceId: string, report: SnapReport): Promise<DeviceSnap> {
    if (deviceId !== this.#call.actor.id) throw problem('not_found', 'A device reports for itself only.')
    const before = await this.#snaps.find(deviceId, report.name)
    if (!before) await this.#requireRoom(deviceId)
    const after = await this.#snaps.put(deviceId, report, this.#call.now())
    if (!before || before.status !== after.status || before.version !== after.version) {
      this.#call.audit({ action: 'device-snap.reported', resourceType: 'device', resourceId: deviceId, before, after })
    }
    return after
  }

  /** Takes what a device says it has; an update that is under way is not touched. */
  async installed(deviceId: string, snaps: readonly InstalledSnap[]): Promise<void> {
    const known = new Map((await this.#snaps.ofDevice(deviceId)).map(snap => [snap.name, snap]))
    for (const { name, version } of snaps) {
      const before = known.get(name)
      if (before?.version === version) continue
      if (!before) await this.#requireRoom(deviceId)
      const { status = 'installed' as const, target_version = null, error = null } = before ?? {}
      await this.#snaps.put(deviceId, { name, version, target_version, status, error }, this.#call.now())
    }
  }

  async #requireRoom(deviceId: string): Promise<void> {
    if ((await this.#snaps.ofDevice(deviceId)).length < MOST_SNAPS) return
    throw problem('conflict', `A device has at most ${MOST_SNAPS} snaps.`)
  }
}
