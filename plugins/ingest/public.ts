import { z } from 'zod'
import { eventRef } from '../../kernel/contract.ts'

/** The device that sent something, and where it stands. */
const sender = { device_id: z.string(), site_id: z.string().nullable() }

/** A security alert as a device reported it. */
export const RaisedAlert = z.object({
  /** Id of the ingested event. */
  event_id: z.string(),
  title: z.string(),
  severity: z.enum(['info', 'low', 'medium', 'high', 'critical']),
  source_ip: z.string().nullable(),
  destination_ip: z.string().nullable(),
  description: z.string().nullable(),
  /** What else the device said of it; null when that was nothing, or more than 4,000 characters of JSON. */
  details: z.record(z.string(), z.unknown()).nullable(),
  occurred_at: z.string(),
})

/** Something that a device saw in its network. */
export const SeenAsset = z.object({
  ip: z.string().nullable(),
  mac: z.string().nullable(),
  hostname: z.string().nullable(),
  vendor: z.string().nullable(),
  seen_at: z.string(),
})

/** How a backup went, as a device reported it. */
export const ReportedBackup = z.object({
  /** Id of the ingested event. */
  event_id: z.string(),
  job_id: z.string(),
  status: z.string(),
  asset_id: z.string().nullable(),
  size_bytes: z.number().nullable(),
  checksum_sha256: z.string().nullable(),
  reported_at: z.string(),
})

export type RaisedAlert = z.output<typeof RaisedAlert>
export type SeenAsset = z.output<typeof SeenAsset>
export type ReportedBackup = z.output<typeof ReportedBackup>

/** A device raised alerts. One batch is one event, or several where it is large; a repeat of an event id is not told. */
export const alertRaised = eventRef('ingest.alert-raised', z.object({ ...sender, alerts: z.array(RaisedAlert) }))

/** A device saw things in its network (`discovery`), told like alerts. */
export const assetSeen = eventRef('ingest.asset-seen', z.object({ ...sender, seen: z.array(SeenAsset) }))

/** A device reported on backups, told like alerts. */
export const backupReported = eventRef(
  'ingest.backup-reported',
  z.object({ ...sender, reports: z.array(ReportedBackup) }),
)
