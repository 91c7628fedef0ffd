import { newId, prepare, type TenantDb } from '../../../kernel/contract.ts'
import type { DeviceSnap, SnapReport } from '../device-snap.ts'

const columns = ['name', 'version', 'target_version', 'status', 'error', 'reported_at'] as const

const ofDevice = prepare<{ device_id: string }, DeviceSnap>((from, v) =>
  from
    .table('device_snaps')
    .where('device_id', v.device_id)
    .orderBy('name')
    .select(...columns),
)

const one = prepare<{ device_id: string; name: string }, DeviceSnap>((from, v) =>
  from
    .table('device_snaps')
    .where({ device_id: v.device_id, name: v.name })
    .select(...columns),
)

/** What devices of the call's tenant have of each snap. */
export class DeviceSnapRepository {
  readonly #db: TenantDb

  constructor({ db }: { db: TenantDb }) {
    this.#db = db
  }

  /** By name. A device has a handful. */
  ofDevice(deviceId: string): Promise<DeviceSnap[]> {
    return this.#db.all(ofDevice, { device_id: deviceId })
  }

  find(deviceId: string, name: string): Promise<DeviceSnap | undefined> {
    return this.#db.first(one, { device_id: deviceId, name })
  }

  /** Adds a snap, or writes over what was known of it. */
  async put(deviceId: string, report: SnapReport, now: Date): Promise<DeviceSnap> {
    const time = now.toISOString()
    const state = { ...report, reported_at: time, updated_at: time }
    const key = { device_id: deviceId, name: report.name }
    await this.#db.transaction(async () => {
      const row = { id: newId(), ...key, ...state, created_at: time }
      await this.#db.upsert('device_snaps', [row], ['device_id', 'name'], [])
      await this.#db.table('device_snaps').where(key).update(state)
    })
    return { ...report, reported_at: time }
  }
}
