import { hash, randomBytes } from 'node:crypto'
import { newId } from '../data/id.ts'
import type { PlatformDb } from '../data/platform-db.ts'
import { prepare } from '../data/prepared.ts'
import type { TenantDb } from '../data/tenant-db.ts'

/** What a token is good for: one kind is never taken for another. */
export type OneTimeKind = 'sign-in' | 'password-reset' | 'email-change' | 'email-verify'

/** A token to make. */
export interface NewOneTimeToken {
  readonly userId: string
  readonly kind: OneTimeKind
  /** What whoever brings the token back needs to know; never a secret. */
  readonly data?: Readonly<Record<string, unknown>>
  readonly lifeMs: number
}

/** A token that was found: unused, in time, of the right kind. */
export interface OneTimeToken {
  readonly id: string
  readonly userId: string
  readonly tenantId: string
  readonly data: Readonly<Record<string, unknown>>
  /** How often it was handed in with something else that was wrong. */
  readonly attempts: number
}

interface TokenRow {
  id: string
  user_id: string
  tenant_id: string
  data: string
  attempts: number
}

const liveToken = prepare<{ hash: string; kind: string; now: Date }, TokenRow>((from, v) =>
  from
    .shared('one_time_tokens')
    .select('id', 'user_id', 'tenant_id', 'data', 'attempts')
    .where('token_hash', v.hash)
    .where('kind', v.kind)
    .whereNull('used_at')
    .where('expires_at', '>', v.now),
)

const digest = (token: string): string => hash('sha256', token, 'hex')

/** Tokens of 256 random bits that work once, stored as SHA-256: links in mails, and the step before a second factor. */
export class OneTimeTokens {
  /** Makes a token, in the transaction under way. @returns the token itself, which is kept nowhere */
  async issue(db: TenantDb, { userId, kind, data = {}, lifeMs }: NewOneTimeToken, now: Date): Promise<string> {
    const token = randomBytes(32).toString('base64url')
    await db.table('one_time_tokens').insert({
      id: newId(),
      user_id: userId,
      kind,
      token_hash: digest(token),
      data: JSON.stringify(data),
      expires_at: new Date(now.getTime() + lifeMs),
      created_at: now,
    })
    return token
  }

  /** Looks a token up without using it; undefined when it is unknown, used, late, or of another kind. */
  async find(db: PlatformDb, kind: OneTimeKind, token: string, now: Date): Promise<OneTimeToken | undefined> {
    const row = await db.first(liveToken, { hash: digest(token), kind, now })
    return row && { ...named(row), data: JSON.parse(row.data), attempts: row.attempts }
  }

  /** Uses a token up; false when somebody else was faster. Call it in the transaction of what it allows. */
  async use(db: TenantDb, id: string, now: Date): Promise<boolean> {
    return (await db.table('one_time_tokens').where('id', id).whereNull('used_at').update({ used_at: now })) === 1
  }

  /**
   * Counts a try with the token, before what came with it is looked at, so that many at once do not slip through.
   * @returns false when it has had `most` tries already, or is used
   */
  async attempt(db: TenantDb, id: string, most: number): Promise<boolean> {
    const open = db.table('one_time_tokens').where('id', id).whereNull('used_at').where('attempts', '<', most)
    return (await open.increment('attempts', 1)) === 1
  }

  /** Counts that the token came with something wrong. */
  async fail(db: TenantDb, id: string): Promise<void> {
    await db.table('one_time_tokens').where('id', id).increment('attempts', 1)
  }

  /** Makes the open tokens of a user useless: all, or those of one kind. */
  async revoke(db: TenantDb, userId: string, now: Date, kind?: OneTimeKind): Promise<void> {
    const open = db.table('one_time_tokens').where('user_id', userId).whereNull('used_at')
    if (kind !== undefined) open.where('kind', kind)
    await open.update({ used_at: now })
  }

  /** Deletes tokens whose time is over: without them they are refused all the same. */
  async prune(db: PlatformDb, now: Date): Promise<number> {
    return db.table('one_time_tokens').where('expires_at', '<', now).delete()
  }
}

const named = (row: TokenRow): Pick<OneTimeToken, 'id' | 'userId' | 'tenantId'> => ({
  id: row.id,
  userId: row.user_id,
  tenantId: row.tenant_id,
})
