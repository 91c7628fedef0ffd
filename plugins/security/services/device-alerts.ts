import type { z } from 'zod'
import type { Call } from '../../../kernel/contract.ts'
import type { AssetAddress, AssetAddressBook } from '../../assets/public.ts'
import type { alertRaised, RaisedAlert } from '../../ingest/public.ts'
import { type AlertRow, toAlert } from '../repositories/alert-list.ts'
import type { AlertRepository, NewAlert } from '../repositories/alert-repository.ts'
import type { DeliveryRepository } from '../repositories/delivery-repository.ts'
import type { AlertNotices } from './alert-notices.ts'
import { dedupeKey } from './dedupe-key.ts'

/** What comes again within this time of the last one is counted there, until it is closed. */
const WINDOW_MS = 24 * 3_600_000
/** An alert that comes again and again is told to sockets so often. */
const PUSHED_EVERY_MS = 10_000

interface Dependencies {
  readonly call: Call
  readonly addresses: AssetAddressBook
  readonly alertRepository: AlertRepository
  readonly deliveryRepository: DeliveryRepository
  readonly alertNotices: AlertNotices
}

type Payload = z.output<typeof alertRaised.payload>

/** Alerts of one event that are the same. */
interface Group {
  readonly key: string
  readonly alert: RaisedAlert
  readonly times: number
  readonly first: string
  readonly last: string
}

/** Makes alerts of what devices report. */
export class DeviceAlerts {
  readonly #dependencies: Dependencies

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies
  }

  /** Stores what is new, counts what comes again, and tells sockets of both. */
  async hear(deliveryId: string, payload: Payload): Promise<void> {
    const { call, alertRepository, deliveryRepository, alertNotices } = this.#dependencies
    const now = call.now()
    if (!(await deliveryRepository.claim(deliveryId, now))) return
    const groups = grouped(payload)
    const known = new Map(
      (await alertRepository.byKeys(groups.map(({ key }) => key))).map(row => [row.dedupe_key, row]),
    )
    const fresh: Group[] = []
    const over: string[] = []
    const told: string[] = []
    for (const group of groups) {
      const row = known.get(group.key)
      if (!row) fresh.push(group)
      else if (isOver(row, group)) {
        over.push(row.id)
        fresh.push(group)
      } else if (await this.#repeat(row, group, now)) {
        if (isPushed(row, now)) told.push(row.id)
      } else fresh.push(group)
    }
    await alertRepository.release(over)
    const added = await alertRepository.insert(await this.#withAssets(payload, fresh), now)
    for (const row of [...added, ...(await alertRepository.byIds(told))])
      call.publish('security', 'alert', toAlert(row))
    await alertNotices.raised(added)
  }

  #repeat(row: AlertRow, { times, last }: Group, now: Date): Promise<boolean> {
    const pushed_at = isPushed(row, now) ? now.toISOString() : row.pushed_at
    const last_seen_at = last > row.last_seen_at ? last : row.last_seen_at
    return this.#dependencies.alertRepository.repeat(row, times, { last_seen_at, pushed_at }, now)
  }

  async #withAssets({ device_id, site_id }: Payload, groups: readonly Group[]): Promise<NewAlert[]> {
    const ips = groups.flatMap(({ alert }) => addressesOf(alert))
    const assets = ips.length > 0 ? await this.#dependencies.addresses.byIp(ips) : new Map<string, AssetAddress[]>()
    return groups.map(({ key, alert, times, first, last }) => ({
      source: 'device',
      severity: alert.severity,
      title: alert.title,
      description: alert.description,
      source_ip: alert.source_ip,
      destination_ip: alert.destination_ip,
      device_id,
      asset_id: onlyOne(
        addressesOf(alert).flatMap(ip => assets.get(ip) ?? []),
        site_id,
      ),
      cve_id: null,
      data: JSON.stringify(alert.details ?? {}),
      occurrences: times,
      occurred_at: first,
      last_seen_at: last,
      dedupe_key: key,
    }))
  }
}

function grouped({ device_id, alerts }: Payload): Group[] {
  const byKey = Map.groupBy(alerts, alert => dedupeKey({ device_id, ...alert }))
  return [...byKey].map(([key, same]) => {
    const times = same.map(({ occurred_at }) => occurred_at).sort()
    const [alert] = same as [RaisedAlert]
    return { key, alert, times: same.length, first: times[0] as string, last: times.at(-1) as string }
  })
}

const isOver = ({ last_seen_at }: AlertRow, { first }: Group): boolean =>
  Date.parse(first) - Date.parse(last_seen_at) > WINDOW_MS

const isPushed = ({ pushed_at }: AlertRow, now: Date): boolean =>
  pushed_at === null || now.getTime() - Date.parse(pushed_at) >= PUSHED_EVERY_MS

const addressesOf = ({ source_ip, destination_ip }: RaisedAlert): string[] =>
  [source_ip, destination_ip].filter(ip => ip !== null)

/**
 * The asset that an alert is about, if that is clear. The same private address is in use at many sites, so what stands at
 * the device's site counts before what stands nowhere; what stands at another one is another asset.
 */
function onlyOne(assets: readonly AssetAddress[], siteId: string | null): string | null {
  const here = assets.filter(({ site_id }) => site_id === siteId)
  const anywhere = assets.filter(({ site_id }) => siteId === null || site_id === null)
  const ids = new Set((here.length > 0 && siteId !== null ? here : anywhere).map(({ id }) => id))
  const [id] = ids
  return ids.size === 1 && id !== undefined ? id : null
}
