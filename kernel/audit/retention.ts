import type { PlatformDb } from '../data/platform-db.ts'

/** Days that lines are kept when the tenant has not said otherwise (contract 15.6). */
export const DEFAULT_RETENTION_DAYS = 365

const DAY_MS = 86_400_000
const AT_ONCE = 1000

/** What to delete, and who may end it. */
export interface RetentionRun {
  readonly now: Date
  readonly days: number
  readonly signal: AbortSignal
  /** Told after each tenant. */
  progress(progress: { readonly done: number; readonly total: number }): void
}

/**
 * Deletes the lines of each tenant, and of the platform, that are older than the retention, in small statements so that
 * writers get their turn.
 * @returns the number of lines deleted
 */
export async function deleteOldLines(db: PlatformDb, { now, days, signal, progress }: RetentionRun): Promise<number> {
  const cutoff = new Date(now.getTime() - days * DAY_MS)
  const tenants: { id: string }[] = await db.table('tenants').select('id').orderBy('id')
  const owners = [null, ...tenants.map(({ id }) => id)]
  let deleted = 0
  for (const [index, owner] of owners.entries()) {
    let found: number
    do {
      signal.throwIfAborted()
      const old: { id: string }[] = await db
        .table('audit_logs')
        .select('id')
        .where('tenant_id', owner)
        .where('created_at', '<', cutoff)
        .orderBy('created_at')
        .limit(AT_ONCE)
      found = old.length
      const ids = old.map(({ id }) => id)
      if (found > 0) deleted += await db.table('audit_logs').whereIn('id', ids).delete()
    } while (found === AT_ONCE)
    progress({ done: index + 1, total: owners.length })
  }
  return deleted
}
