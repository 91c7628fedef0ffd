import type { Call } from '../../../kernel/contract.ts'
import { statusAt } from '../device-status.ts'
import type { DeviceDirectory, DeviceSummary } from '../public.ts'
import type { DeviceRepository, DeviceRow } from '../repositories/device-repository.ts'

/** The look-ups that other plugins may make. */
export class DeviceLookup implements DeviceDirectory {
  readonly #call: Call
  readonly #devices: DeviceRepository

  constructor({ call, devices }: { call: Call; devices: DeviceRepository }) {
    this.#call = call
    this.#devices = devices
  }

  async find(id: string): Promise<DeviceSummary | undefined> {
    const device = await this.#devices.find(id)
    return device && this.#summary(device)
  }

  async byIds(ids: readonly string[]): Promise<ReadonlyMap<string, DeviceSummary>> {
    const rows = await this.#devices.byIds([...new Set(ids)])
    return new Map(rows.map(row => [row.id, this.#summary(row)]))
  }

  #summary(row: DeviceRow): DeviceSummary {
    return { id: row.id, name: row.name, site_id: row.site_id, status: statusAt(row, this.#call.now()) }
  }
}
