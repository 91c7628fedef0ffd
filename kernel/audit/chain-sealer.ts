import { setTimeout as rest } from 'node:timers/promises'
import type { Knex } from 'knex'
import type { PlatformDb } from '../data/platform-db.ts'
import { limitTo, prepare } from '../data/prepared.ts'
import type { Log } from '../log/log.ts'
import { type AuditRow, auditColumns } from './audit-row.ts'
import { chainOf, genesisOf, hashAfter, PLATFORM_CHAIN, type SignedHead } from './chain.ts'
import { ChainReader, replaceHead } from './chain-store.ts'
import { type HeadSigner, isTrusted } from './head-signature.ts'

/** Lines read at a time, and sealed in one transaction at most; the rest between, in which writers get their turn. */
const AT_ONCE = 250
const REST_MS = 2
/** Rows of one statement: SQL Server takes 2,100 values. */
const ROWS = 100
const HEADS_AT_ONCE = 200

/** What a run of the sealer works with. */
export interface SealRun {
  readonly db: PlatformDb
  readonly log: Log
  readonly signal: AbortSignal
  readonly now: Date
}

/** What it did. */
export interface Sealed {
  readonly sealed: number
  /** Chains whose head is not ours: nothing is added to them, lest our signature make it good. */
  readonly refused: readonly string[]
}

interface UnsealedRow extends AuditRow {
  readonly tenant_id: string | null
}

interface After {
  readonly created_at: string
  readonly id: string
}

const columns = ['tenant_id', ...auditColumns]

const oldest = prepare<{ limit: number }, UnsealedRow>((from, v) =>
  limitTo(from.table('audit_logs').select(columns).whereNull('sequence').orderBy('created_at').orderBy('id'), v.limit),
)
const oldestAfter = prepare<After & { limit: number }, UnsealedRow>((from, v) =>
  limitTo(
    from
      .table('audit_logs')
      .select(columns)
      .whereNull('sequence')
      .where('created_at', '>=', v.created_at)
      .where(either => either.where('created_at', '>', v.created_at).orWhere('id', '>', v.id))
      .orderBy('created_at')
      .orderBy('id'),
    v.limit,
  ),
)
const somePlaces = prepare<{ after: string; limit: number }, SignedHead>((from, v) =>
  limitTo(from.table('audit_chains').select('*').where('chain', '>', v.after).orderBy('chain'), v.limit),
)

/** Another sealer, or the retention, has moved the chain meanwhile. */
class Overtaken extends Error {}

/**
 * Gives lines their places, some time after they are written, so that writers never wait for each other. A line that was
 * committed late just comes later in the chain. Two sealers at once cannot fork a chain: who finds the head moved steps back.
 */
export class ChainSealer {
  readonly #signer: HeadSigner

  constructor(signer: HeadSigner) {
    this.#signer = signer
  }

  /** Seals all lines that are there. Where there are none it costs one look into an index. */
  async sealAll(run: SealRun): Promise<Sealed> {
    let sealed = 0
    let after: After | undefined
    const refused = new Set<string>()
    for (;;) {
      run.signal.throwIfAborted()
      const limit = AT_ONCE
      const rows: UnsealedRow[] = await (after
        ? run.db.all(oldestAfter, { ...after, limit })
        : run.db.all(oldest, { limit }))
      for (const [tenantId, lines] of Map.groupBy(rows, row => row.tenant_id)) {
        const chain = chainOf(tenantId)
        if (!refused.has(chain)) sealed += await this.#sealLines(run, chain, lines, refused)
      }
      after = rows.at(-1)
      if (rows.length < AT_ONCE) break
      await rest(REST_MS)
    }
    return { sealed, refused: [...refused] }
  }

  /**
   * Signs the heads anew that are signed under SECRET_KEY_PREVIOUS, so that it can go.
   * @returns how many those were
   */
  async signAnew({ db, signal }: SealRun): Promise<number> {
    let signed = 0
    let after = ''
    for (;;) {
      signal.throwIfAborted()
      const heads = await db.all(somePlaces, { after, limit: HEADS_AT_ONCE })
      for (const head of heads) {
        if (this.#signer.check(head) !== 'previous_key') continue
        if (await db.transaction(() => replaceHead(db, head, this.#signer.sign(head)))) signed++
      }
      if (heads.length < HEADS_AT_ONCE) return signed
      after = heads.at(-1)?.chain ?? ''
    }
  }

  async #sealLines(run: SealRun, chain: string, lines: readonly AuditRow[], refused: Set<string>): Promise<number> {
    const { db, log } = run
    const head = await ChainReader.of(db, chain).head()
    const state = head ? this.#signer.check(head) : undefined
    if (state && !isTrusted(state)) {
      log.error({ chain, signature: state }, 'the head of an audit chain is not signed by us; its lines are not sealed')
      refused.add(chain)
      return 0
    }
    const first = (head?.last_sequence ?? 0) + 1
    let last_hash = head?.last_hash ?? genesisOf(chain)
    const places = lines.map((line, at) => {
      last_hash = hashAfter(last_hash, line, first + at)
      return { id: line.id, sequence: first + at, hash: last_hash }
    })
    const next = this.#signer.sign({
      chain,
      first_sequence: head?.first_sequence ?? 1,
      before_first: head?.before_first ?? genesisOf(chain),
      last_sequence: first + lines.length - 1,
      last_hash,
      sealed_at: run.now.toISOString(),
    })
    try {
      const sealing = async (): Promise<void> => {
        if (!(await replaceHead(db, head, next))) throw new Overtaken()
        await place(db, places)
        if ((await placed(db, chain, next, first)) !== lines.length) throw new Overtaken()
      }
      await db.transaction(sealing, { short: true })
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error
      log.debug({ chain }, 'an audit chain was moved by somebody else; its lines are sealed next time')
      return 0
    }
    // Once in the life of a chain: a log that shows it twice shows that somebody removed the chain.
    if (!head) log.info({ chain, lines: lines.length, last_hash }, 'an audit chain begins')
    return lines.length
  }
}

interface LinePlace {
  readonly id: string
  readonly sequence: number
  readonly hash: string
}

async function place({ knex }: PlatformDb, places: readonly LinePlace[]): Promise<void> {
  for (let start = 0; start < places.length; start += ROWS) {
    const some = places.slice(start, start + ROWS)
    await knex.raw(
      placing(some.length),
      some.flatMap(({ id, sequence, hash }): Knex.RawBinding[] => [id, sequence, hash]),
    )
  }
}

/** Knex has no update from a list of values; this form of it both databases take. */
const placing = (rows: number): string =>
  'UPDATE audit_logs SET sequence = v.sequence, hash = v.hash FROM (SELECT ? AS id, ? AS sequence, ? AS hash' +
  `${' UNION ALL SELECT ?, ?, ?'.repeat(rows - 1)}) AS v WHERE audit_logs.id = v.id AND audit_logs.sequence IS NULL`

/** How many lines have the new places: fewer when somebody deleted one, more when somebody put one there. */
async function placed(db: PlatformDb, chain: string, { last_sequence }: SignedHead, first: number): Promise<number> {
  const rows: { total: number }[] = await db
    .table('audit_logs')
    .where('tenant_id', chain === PLATFORM_CHAIN ? null : chain)
    .whereBetween('sequence', [first, last_sequence])
    .count({ total: '*' })
  return Number(rows[0]?.total)
}
