import { setTimeout as rest } from 'node:timers/promises'
import type { AuditEntry } from '../contract.ts'
import type { PlatformDb } from '../data/platform-db.ts'
import { prepare } from '../data/prepared.ts'
import type { Log } from '../log/log.ts'
import type { SealedRow } from './audit-row.ts'
import { chainOf, hashAfter, PLATFORM_CHAIN, type SignedHead } from './chain.ts'
import { ChainReader, justBefore, replaceHead } from './chain-store.ts'
import { type HeadSigner, isTrusted } from './head-signature.ts'
import { DEFAULT_AUDIT_DAYS } from './retention-settings.ts'

const DAY_MS = 86_400_000
/** Lines of one transaction, and the rest after it, in which writers get their turn. */
const AT_ONCE = 500
const REST_MS = 5

/** What to delete by, and who may end it. */
export interface RetentionRun {
  readonly db: PlatformDb
  readonly signer: HeadSigner
  readonly log: Log
  readonly now: Date
  readonly signal: AbortSignal
  /** Adds a line to the log of a tenant, or of the platform for null, in the transaction under way. */
  record(tenantId: string | null, entry: AuditEntry): void
  /** Told after each tenant. */
  progress(progress: { readonly done: number; readonly total: number }): void
}

/** What was deleted. */
export interface Pruned {
  readonly deleted: number
  /** Chains of which nothing is deleted because something is wrong with them: it would be the proof that goes. */
  readonly held: readonly string[]
}

const keptDays = prepare<object, { tenant_id: string; audit_retention_days: number }>(from =>
  from.table('tenant_settings').select('tenant_id', 'audit_retention_days').whereNotNull('audit_retention_days'),
)

/**
 * Deletes the lines that are older than their tenant, or the platform, keeps them: always from the beginning of the chain,
 * and only what is sealed, so that the rest stays verifiable. Each step leaves a line that says what went.
 */
export async function deleteOldLines(run: RetentionRun): Promise<Pruned> {
  const { db, now, progress } = run
  const set = new Map((await db.all(keptDays, {})).map(row => [row.tenant_id, Number(row.audit_retention_days)]))
  const tenants: { id: string }[] = await db.table('tenants').select('id').orderBy('id')
  const owners = [null, ...tenants.map(({ id }) => id)]
  const held: string[] = []
  let deleted = 0
  for (const [index, owner] of owners.entries()) {
    const days = (owner === null ? undefined : set.get(owner)) ?? DEFAULT_AUDIT_DAYS
    const cutoff = new Date(now.getTime() - days * DAY_MS).toISOString()
    for (;;) {
      run.signal.throwIfAborted()
      const step = await deleteFirst(run, owner, cutoff)
      if (step === 'held') held.push(chainOf(owner))
      else deleted += step
      if (step !== AT_ONCE) break
      await rest(REST_MS)
    }
    progress({ done: index + 1, total: owners.length })
  }
  return { deleted, held }
}

/** Deletes the oldest lines of a chain, as many as a transaction takes. */
async function deleteFirst(run: RetentionRun, owner: string | null, cutoff: string): Promise<number | 'held'> {
  const { db, signer } = run
  const reader = ChainReader.of(db, chainOf(owner))
  const head = await reader.head()
  if (!head || head.first_sequence > head.last_sequence) return 0
  const lines = await reader.lines(justBefore(head.first_sequence), head.last_sequence, AT_ONCE)
  const end = lines.findIndex(line => line.created_at >= cutoff)
  const old = end === -1 ? lines : lines.slice(0, end)
  if (old.length === 0 && lines.length > 0) return 0
  if (!isTrusted(signer.check(head)) || !isWhole(head, old)) return hold(run, head)
  const last = old.at(-1)
  if (!last) return hold(run, head)
  const next = signer.sign({ ...head, first_sequence: last.sequence + 1, before_first: last.hash })
  const done = await db.transaction(async () => {
    if (!(await replaceHead(db, head, next))) return false
    const gone: number = await db
      .table('audit_logs')
      .where('tenant_id', owner)
      .whereBetween('sequence', [head.first_sequence, last.sequence])
      .delete()
    if (gone !== old.length) throw new Error(`the audit chain ${head.chain} has lines that it should not have`)
    run.record(owner, {
      action: 'audit.pruned',
      resourceType: 'audit',
      resourceId: owner ?? PLATFORM_CHAIN,
      after: {
        deleted: gone,
        first_sequence: head.first_sequence,
        last_sequence: last.sequence,
        older_than: cutoff,
      },
    })
    return true
  })
  // The sealer was faster: with the next look it is another head.
  return done ? old.length : deleteFirst(run, owner, cutoff)
}

/** Whether the lines are the first of the chain, each as it was sealed. */
function isWhole({ first_sequence, before_first }: SignedHead, lines: readonly SealedRow[]): boolean {
  let previous = before_first
  return lines.every((line, at) => {
    if (line.sequence !== first_sequence + at || hashAfter(previous, line, line.sequence) !== line.hash) return false
    previous = line.hash
    return true
  })
}

function hold({ log }: RetentionRun, { chain, first_sequence }: SignedHead): 'held' {
  log.error({ chain, first_sequence }, 'nothing is deleted of an audit chain that was changed; see GET /audit/verify')
  return 'held'
}
