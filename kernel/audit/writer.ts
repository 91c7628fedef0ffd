import type { Actor, AuditEntry } from '../contract.ts'
import { newId } from '../data/id.ts'
import type { PlatformDb } from '../data/platform-db.ts'
import { prepare } from '../data/prepared.ts'
import type { TenantDb } from '../data/tenant-db.ts'
import { changesOf } from './changes.ts'

/** Who, from where, under which trace: what all lines of a call have in common. */
export interface AuditFacts {
  readonly actor: Actor
  /** IP address; undefined for work that no request began. */
  readonly address?: string | undefined
  readonly traceId: string
  readonly now: Date
}

/** An entry that knows what it is called. */
export type NamedAuditEntry = AuditEntry & { readonly action: string }

/** A row of `audit_logs`, without its tenant. */
interface AuditValues {
  readonly id: string
  readonly user_id: string | null
  readonly actor_kind: string
  readonly actor_id: string
  readonly action: string
  readonly resource_type: string
  readonly resource_id: string | null
  readonly before: string | null
  readonly after: string | null
  readonly ip_address: string | null
  readonly trace_id: string
  readonly created_at: Date
}

const insert = prepare<AuditValues, never>((from, v) =>
  from.table('audit_logs').insert({
    id: v.id,
    user_id: v.user_id,
    actor_kind: v.actor_kind,
    actor_id: v.actor_id,
    action: v.action,
    resource_type: v.resource_type,
    resource_id: v.resource_id,
    before: v.before,
    after: v.after,
    ip_address: v.ip_address,
    trace_id: v.trace_id,
    created_at: v.created_at,
  }),
)

/** Rows of one statement: 13 columns each, and SQL Server takes 2,100 values. */
const AT_ONCE = 100

/**
 * Writes lines of the audit log, in the transaction under way: no line without the change, no change without its line.
 * `before` and `after` are reduced to what differs, without secrets (`changes.ts`).
 * @param db the tenant's, or the platform's for lines that are of no tenant
 */
export function writeAudit(
  db: TenantDb | PlatformDb,
  entries: readonly NamedAuditEntry[],
  facts: AuditFacts,
): Promise<void> {
  return db.transaction(async () => {
    const [first] = entries
    if (first && entries.length === 1) {
      await db.all(insert, row(first, facts))
      return
    }
    for (let start = 0; start < entries.length; start += AT_ONCE) {
      const rows = entries.slice(start, start + AT_ONCE).map(entry => row(entry, facts))
      await db.table('audit_logs').insert(rows)
    }
  })
}

function row(entry: NamedAuditEntry, { actor, address, traceId, now }: AuditFacts): AuditValues {
  return {
    id: newId(),
    user_id: actor.kind === 'user' ? actor.id : null,
    actor_kind: actor.kind,
    actor_id: actor.id.slice(0, 100),
    action: entry.action.slice(0, 100),
    resource_type: entry.resourceType.slice(0, 100),
    resource_id: entry.resourceId === '' ? null : entry.resourceId.slice(0, 100),
    ...changesOf(entry.before, entry.after),
    ip_address: address ? address.slice(0, 45) : null,
    trace_id: traceId,
    created_at: now,
  }
}
