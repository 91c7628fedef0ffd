import type { PlatformDb } from '../data/platform-db.ts'
import { limitTo, prepare, type QueryScope } from '../data/prepared.ts'
import type { TenantDb } from '../data/tenant-db.ts'
import { auditColumns, type SealedRow } from './audit-row.ts'
import { PLATFORM_CHAIN, type SignedHead } from './chain.ts'

/** A place to read on from: what comes after this line. */
export interface Place {
  readonly sequence: number
  readonly id: string
}

/** An id that is before every other, on both databases. */
const NO_ID = '00000000-0000-0000-0000-000000000000'

/** The place just before all lines of a sequence. */
export const justBefore = (sequence: number): Place => ({ sequence, id: NO_ID })

type Lines = (scope: QueryScope) => ReturnType<QueryScope['table']>

const headOf = prepare<{ chain: string }, SignedHead>((from, v) =>
  from
    .shared('audit_chains')
    .select('chain', 'first_sequence', 'before_first', 'last_sequence', 'last_hash', 'sealed_at', 'signature')
    .where('chain', v.chain),
)

/** The queries on the lines of one chain: of a tenant, through its own view, or those of no tenant. */
function queriesOn(lines: Lines) {
  return {
    from: prepare<Place & { to: number; limit: number }, SealedRow>((scope, v) =>
      limitTo(
        lines(scope)
          .select(...auditColumns)
          .where('sequence', '>=', v.sequence)
          .where('sequence', '<=', v.to)
          .where(either => either.where('sequence', '>', v.sequence).orWhere('id', '>', v.id))
          .orderBy('sequence')
          .orderBy('id'),
        v.limit,
      ),
    ),
    hashAt: prepare<{ sequence: number }, { hash: string }>((scope, v) =>
      lines(scope).select('hash').where('sequence', v.sequence).limit(1),
    ),
    below: prepare<{ sequence: number }, Place>((scope, v) =>
      lines(scope).select('sequence', 'id').where('sequence', '<', v.sequence).orderBy('sequence').limit(1),
    ),
    above: prepare<{ sequence: number }, Place>((scope, v) =>
      lines(scope).select('sequence', 'id').where('sequence', '>', v.sequence).orderBy('sequence', 'desc').limit(1),
    ),
    unsealed: prepare<object, { total: number }>(scope => lines(scope).whereNull('sequence').count({ total: '*' })),
  }
}

const ofTenant = queriesOn(scope => scope.table('audit_logs'))
const ofPlatform = queriesOn(scope => scope.table('audit_logs').whereNull('tenant_id'))

/** Reads one chain. */
export class ChainReader {
  readonly chain: string
  readonly #db: Pick<TenantDb, 'all' | 'first'>
  readonly #queries: ReturnType<typeof queriesOn>

  private constructor(chain: string, db: Pick<TenantDb, 'all' | 'first'>) {
    this.chain = chain
    this.#db = db
    this.#queries = chain === PLATFORM_CHAIN ? ofPlatform : ofTenant
  }

  /** The chain of a tenant; its database must let it read `audit_chains`. */
  static ofTenant(db: TenantDb): ChainReader {
    return new ChainReader(db.tenantId, db)
  }

  /** Any chain. */
  static of(db: PlatformDb, chain: string): ChainReader {
    return new ChainReader(chain, chain === PLATFORM_CHAIN ? db : db.forTenant(chain))
  }

  head(): Promise<SignedHead | undefined> {
    return this.#db.first(headOf, { chain: this.chain })
  }

  /** At most `limit` sealed lines after a place, up to and with a sequence, in order. */
  lines(after: Place, to: number, limit: number): Promise<SealedRow[]> {
    return this.#db.all(this.#queries.from, { ...after, to, limit })
  }

  async hashAt(sequence: number): Promise<string | undefined> {
    return (await this.#db.first(this.#queries.hashAt, { sequence }))?.hash
  }

  /** The sealed line with the lowest place, if that is lower than this. */
  below(sequence: number): Promise<Place | undefined> {
    return this.#db.first(this.#queries.below, { sequence })
  }

  /** The sealed line with the highest place, if that is higher than this. */
  above(sequence: number): Promise<Place | undefined> {
    return this.#db.first(this.#queries.above, { sequence })
  }

  /** How many lines wait for their place. */
  async unsealed(): Promise<number> {
    return Number((await this.#db.first(this.#queries.unsealed, {}))?.total)
  }
}

/**
 * Writes a head in place of the one that was read; inside the caller's transaction.
 * @returns false when somebody else was faster: nothing is written
 */
export async function replaceHead(db: PlatformDb, old: SignedHead | undefined, next: SignedHead): Promise<boolean> {
  if (old === undefined) {
    try {
      await db.table('audit_chains').insert({ ...next })
      return true
    } catch (error) {
      if (!db.dialect.isUniqueViolation(error)) throw error
      return false
    }
  }
  const { chain, first_sequence, last_sequence, last_hash, signature } = old
  const changed: number = await db
    .table('audit_chains')
    .where({ chain, first_sequence, last_sequence, last_hash, signature })
    .update({ ...next })
  return changed === 1
}
