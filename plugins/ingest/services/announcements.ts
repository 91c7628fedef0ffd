import type { z } from 'zod'
import type { EventRef } from '../../../kernel/contract.ts'
import type { DataOf } from '../event-kinds.ts'
import {
  alertRaised,
  assetSeen,
  backupReported,
  type RaisedAlert,
  type ReportedBackup,
  type SeenAsset,
} from '../public.ts'
import type { StoredEvent } from '../repositories/event-repository.ts'

/** Characters of JSON that one event of the outbox may hold, with room for what stands around them. */
const ROOM = 60_000
const MOST_DETAILS = 4000

/** The device that sent a batch, and where it stands. */
export interface Sender {
  readonly device_id: string
  readonly site_id: string | null
}

/** An event for the outbox. */
export interface Announcement {
  readonly event: EventRef
  readonly payload: z.input<EventRef['payload']>
}

/** Kinds that others hear of. */
export const isTold = ({ kind }: StoredEvent): boolean => kind !== 'telemetry' && kind !== 'log'

/** What others are told of new events: one event for each of their kinds, or several where one has no room for all. */
export function announcements(events: readonly StoredEvent[], sender: Sender): Announcement[] {
  const alerts = portions(events.flatMap(event => (event.kind === 'security_alert' ? toAlert(event) : [])))
  const seen = portions(events.flatMap(event => (event.kind === 'discovery' ? toSeen(event) : [])))
  const reports = portions(events.flatMap(event => (event.kind === 'backup_event' ? toReport(event) : [])))
  return [
    ...alerts.map(part => ({ event: alertRaised, payload: { ...sender, alerts: part } })),
    ...seen.map(part => ({ event: assetSeen, payload: { ...sender, seen: part } })),
    ...reports.map(part => ({ event: backupReported, payload: { ...sender, reports: part } })),
  ]
}

function portions<T>(items: readonly T[]): T[][] {
  const parts: T[][] = []
  let room = 0
  for (const item of items) {
    const size = JSON.stringify(item).length + 1
    if (size > room) {
      parts.push([])
      room = ROOM
    }
    parts.at(-1)?.push(item)
    room -= size
  }
  return parts
}

function toAlert({ id, timestamp, data }: StoredEvent): RaisedAlert {
  const { title, severity, source_ip, destination_ip, description, ...others } = data as DataOf<'security_alert'>
  const hasDetails = Object.keys(others).length > 0 && JSON.stringify(others).length <= MOST_DETAILS
  return {
    event_id: id,
    title,
    severity,
    source_ip: source_ip || null,
    destination_ip: destination_ip || null,
    description: description || null,
    details: hasDetails ? others : null,
    occurred_at: timestamp,
  }
}

function toSeen({ timestamp, data }: StoredEvent): SeenAsset {
  const { ip, mac, hostname, vendor } = data as DataOf<'discovery'>
  return { ip: ip || null, mac: mac || null, hostname: hostname || null, vendor: vendor || null, seen_at: timestamp }
}

function toReport({ id, timestamp, data }: StoredEvent): ReportedBackup {
  const { job_id, status, asset_id, size_bytes, checksum_sha256 } = data as DataOf<'backup_event'>
  return {
    event_id: id,
    job_id: job_id.toLowerCase(),
    status,
    asset_id: asset_id?.toLowerCase() ?? null,
    size_bytes: size_bytes ?? null,
    checksum_sha256: checksum_sha256?.toLowerCase() ?? null,
    reported_at: timestamp,
  }
}
