import { hash } from 'node:crypto'
import { newId } from '../data/id.ts'
import type { PlatformDb } from '../data/platform-db.ts'
import { prepare } from '../data/prepared.ts'
import type { TenantDb } from '../data/tenant-db.ts'
import type { AccessChanges } from './access-changes.ts'
import { Operators } from './operators.ts'
import type { TokenSubject, Tokens } from './tokens.ts'

/** Where a log-in comes from, as its owner sees it in the list of sessions. */
export interface SessionOrigin {
  readonly address: string
  readonly userAgent: string
}

/**
 * How somebody showed who they are (RFC 8176): `pwd` password, `fed` signed in elsewhere, `otp` second factor here, `mfa`
 * more than one factor, here or there.
 */
export type AuthMethod = 'pwd' | 'fed' | 'otp' | 'mfa'

/** The tokens of a log-in. */
export interface SignedIn extends TokenSubject {
  readonly accessToken: string
  readonly refreshToken: string
}

/** What became of a refresh token that was handed in. `reused`: it was rotated before, so its family is ended. */
export type Rotation =
  | { readonly kind: 'rotated'; readonly signedIn: SignedIn }
  | { readonly kind: 'reused' | 'refused'; readonly subject: TokenSubject }

/** A log-in as its owner sees it. */
export interface Session {
  id: string
  created_at: string
  last_used_at: string
  expires_at: string
  ip_address: string | null
  user_agent: string | null
  /** How it began (RFC 8176). */
  methods: string[]
  current: boolean
}

interface TokenRow {
  id: string
  expires_at: string
  used_at: string | null
  revoked_at: string | null
  methods: string
  active: unknown
}
interface OpenTokenRow {
  family_id: string
  created_at: string
  expires_at: string
  ip_address: string | null
  user_agent: string | null
  methods: string
}

const nobody = new Operators({ ADMIN_PANEL_ENABLED: false, PLATFORM_ADMIN_EMAIL_DOMAIN: undefined })

/** Two tabs that refresh at the same time both hand in the same token. */
const GRACE_MS = 10_000

const byHash = prepare<{ hash: string; userId: string }, TokenRow>((from, v) =>
  from
    .table('refresh_tokens')
    .join('users', 'users.id', 'refresh_tokens.user_id')
    .select(
      'refresh_tokens.id',
      'refresh_tokens.expires_at',
      'refresh_tokens.used_at',
      'refresh_tokens.revoked_at',
      'refresh_tokens.methods',
      'users.active',
    )
    .where('refresh_tokens.token_hash', v.hash)
    .where('refresh_tokens.user_id', v.userId),
)
const openTokens = prepare<{ userId: string; now: Date }, OpenTokenRow>((from, v) =>
  from
    .table('refresh_tokens')
    .select('family_id', 'created_at', 'expires_at', 'ip_address', 'user_agent', 'methods')
    .where('user_id', v.userId)
    .whereNull('used_at')
    .whereNull('revoked_at')
    .where('expires_at', '>', v.now)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(500),
)

const firstToken = prepare<{ userId: string; sessionId: string }, { created_at: string }>((from, v) =>
  from
    .table('refresh_tokens')
    .select('created_at')
    .where('user_id', v.userId)
    .where('family_id', v.sessionId)
    .orderBy('created_at')
    .limit(1),
)

/** Log-ins. Each is a family of refresh tokens, stored as SHA-256: every use of one gives the next. */
export class Sessions {
  readonly #tokens: Tokens
  readonly #changes: AccessChanges
  readonly #operators: Operators

  constructor(tokens: Tokens, changes: AccessChanges, operators = nobody) {
    this.#tokens = tokens
    this.#changes = changes
    this.#operators = operators
  }

  /** Begins a log-in, in the caller's transaction if there is one. */
  start(
    db: TenantDb,
    userId: string,
    methods: readonly AuthMethod[],
    origin: SessionOrigin,
    now: Date,
  ): Promise<SignedIn> {
    const subject = { userId, tenantId: db.tenantId, sessionId: newId() }
    return this.#issue(db, subject, methods.join(' '), origin, now)
  }

  /**
   * Takes a refresh token, whose signature and time are right already, and gives the next one of its family.
   * Commits by itself: the end of a family must hold although the caller is refused.
   */
  rotate(db: TenantDb, token: string, subject: TokenSubject, origin: SessionOrigin, now: Date): Promise<Rotation> {
    return db.transaction(async (): Promise<Rotation> => {
      const row = await db.first(byHash, { hash: sha256(token), userId: subject.userId })
      const dead = !row || row.revoked_at !== null || Date.parse(row.expires_at) <= now.getTime() || !row.active
      if (dead) return { kind: 'refused', subject }
      const next = newId()
      if (!(await this.#use(db, row, next, now))) {
        await this.end(db, [subject.sessionId], now)
        return { kind: 'reused', subject }
      }
      return { kind: 'rotated', signedIn: await this.#issue(db, subject, row.methods, origin, now, next) }
    })
  }

  /** Ends log-ins, in the caller's transaction: their refresh tokens at once, their access tokens with the revision. */
  async end(db: TenantDb, sessionIds: readonly string[], now: Date): Promise<void> {
    if (sessionIds.length === 0) return
    await this.#changes.announce(db)
    await db
      .table('refresh_tokens')
      .whereIn('family_id', sessionIds)
      .whereNull('revoked_at')
      .update({ revoked_at: now })
  }

  /** Ends every log-in of a user, except one; also those that wait for a second factor. */
  async endAll(db: TenantDb, userId: string, now: Date, except?: string): Promise<void> {
    await this.#changes.announce(db)
    const tokens = db.table('refresh_tokens').where('user_id', userId).whereNull('revoked_at')
    if (except !== undefined) tokens.whereNot('family_id', except)
    await tokens.update({ revoked_at: now })
    await db
      .table('one_time_tokens')
      .where({ user_id: userId, kind: 'sign-in' })
      .whereNull('used_at')
      .update({ used_at: now })
  }

  /** When a log-in began: never later than it did, and never earlier than its oldest token that is kept. */
  async startedAt(db: TenantDb, userId: string, sessionId: string): Promise<Date | undefined> {
    const first = await db.first(firstToken, { userId, sessionId })
    return first && new Date(first.created_at)
  }

  /** Notes that somebody has shown a second factor in a log-in, or that they have none any more. */
  async setMethods(db: TenantDb, sessionId: string, methods: readonly AuthMethod[]): Promise<void> {
    await this.#changes.announce(db)
    await db
      .table('refresh_tokens')
      .where('family_id', sessionId)
      .update({ methods: methods.join(' ') })
  }

  /** How a log-in began. */
  async methodsOf(db: TenantDb, sessionId: string): Promise<AuthMethod[]> {
    const row: { methods: string } | undefined = await db
      .table('refresh_tokens')
      .where('family_id', sessionId)
      .first('methods')
    return (row?.methods.split(' ') ?? []) as AuthMethod[]
  }

  /** The open log-ins of a user, the one used last first. */
  async list(db: TenantDb, userId: string, current: string | undefined, now: Date): Promise<Session[]> {
    const sessions = new Map<string, Session>()
    for (const row of await db.all(openTokens, { userId, now })) {
      if (sessions.has(row.family_id)) continue
      sessions.set(row.family_id, {
        id: row.family_id,
        created_at: timeOf(row.family_id),
        last_used_at: iso(row.created_at),
        expires_at: iso(row.expires_at),
        ip_address: row.ip_address,
        user_agent: row.user_agent,
        methods: row.methods.split(' '),
        current: row.family_id === current,
      })
    }
    return [...sessions.values()]
  }

  /** Deletes tokens that have run out: without them they are refused all the same. */
  async prune(db: PlatformDb, now: Date): Promise<number> {
    return db.table('refresh_tokens').where('expires_at', '<', now).delete()
  }

  /** Marks a token as used; false when that was so before, and longer ago than two tabs could be apart. */
  async #use(db: TenantDb, row: TokenRow, replacedBy: string, now: Date): Promise<boolean> {
    if (row.used_at !== null) return now.getTime() - Date.parse(row.used_at) <= GRACE_MS
    await db
      .table('refresh_tokens')
      .where('id', row.id)
      .whereNull('used_at')
      .update({ used_at: now, replaced_by: replacedBy })
    return true
  }

  async #issue(
    db: TenantDb,
    subject: TokenSubject,
    methods: string,
    origin: SessionOrigin,
    now: Date,
    id = newId(),
  ): Promise<SignedIn> {
    const platformAdmin = await this.#operators.include(db, subject.userId, methods)
    const access = this.#tokens.issue('access', subject, now, { methods: methods.split(' '), platformAdmin })
    const refresh = this.#tokens.issue('refresh', subject, now)
    await db.table('refresh_tokens').insert({
      id,
      user_id: subject.userId,
      family_id: subject.sessionId,
      token_hash: sha256(refresh.token),
      methods,
      expires_at: refresh.expiresAt,
      user_agent: origin.userAgent.slice(0, 400),
      ip_address: origin.address.slice(0, 45),
      created_at: now,
    })
    return { ...subject, accessToken: access.token, refreshToken: refresh.token }
  }
}

const sha256 = (token: string): string => hash('sha256', token, 'hex')
const iso = (time: string): string => new Date(time).toISOString()

/** The time in a UUIDv7 (RFC 9562, 5.7). */
const timeOf = (id: string): string => new Date(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toISOString()
