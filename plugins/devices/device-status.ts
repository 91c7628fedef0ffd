import { z } from 'zod'
import type { Filter } from '../../kernel/contract.ts'
import { oneOf } from '../../kernel/contract.ts'

/** What a device can be (contract 15.4). */
export const deviceStatuses = ['registered', 'connected', 'stale', 'offline', 'revoked'] as const
export type DeviceStatus = (typeof deviceStatuses)[number]

/** A device of which nothing was heard for this long is `stale`. */
export const STALE_MS = 2 * 60_000
/** A device of which nothing was heard for this long is `offline`. */
export const OFFLINE_MS = 10 * 60_000

/** What a status follows from. */
export interface Presence {
  readonly last_seen_at: string | null
  readonly revoked_at: string | null
}

/** The latest times at which a device was heard that is `stale` or `offline` now, as ISO text. */
export const silenceAt = (now: Date): { readonly stale: string; readonly offline: string } => ({
  stale: new Date(now.getTime() - STALE_MS).toISOString(),
  offline: new Date(now.getTime() - OFFLINE_MS).toISOString(),
})

/** The status of a device at a moment, whatever a job has written down by then. */
export function statusAt({ last_seen_at, revoked_at }: Presence, now: Date): DeviceStatus {
  if (revoked_at !== null) return 'revoked'
  if (last_seen_at === null) return 'registered'
  const { stale, offline } = silenceAt(now)
  return last_seen_at > stale ? 'connected' : last_seen_at > offline ? 'stale' : 'offline'
}

/** The same as `statusAt`, as SQL over `devices`; binds `stale` and `offline` of `silenceAt`. */
export const STATUS_SQL =
  "CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN last_seen_at IS NULL THEN 'registered' " +
  "WHEN last_seen_at > ? THEN 'connected' WHEN last_seen_at > ? THEN 'stale' ELSE 'offline' END"

/** `?status=stale,offline`: what is bound begins with the times of `silenceAt`, which the handler puts there. */
export const statusFilter: Filter = {
  ...oneOf('status', z.enum(deviceStatuses)),
  where(query, [stale, offline, ...statuses]: string[]) {
    query.whereRaw(`${STATUS_SQL} IN (${statuses.map(() => '?')})`, [stale ?? '', offline ?? '', ...statuses])
  },
}

/** The query of a list of devices, with its status filter made to mean this moment. */
export function atMoment<Q extends { readonly status?: unknown }>(query: Q, now: Date): Q {
  if (query.status === undefined) return query
  const { stale, offline } = silenceAt(now)
  return { ...query, status: [stale, offline, ...(query.status as string[])] }
}
