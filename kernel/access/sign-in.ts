import { z } from 'zod'
import { writeAudit } from '../audit/writer.ts'
import type { PlatformCall, RequestFacts } from '../contract.ts'
import { prepare } from '../data/prepared.ts'
import { problem } from '../errors.ts'
import { type Reply, reply } from '../http/reply.ts'
import type { Features } from '../tenancy/features.ts'
import { gate } from '../tenancy/gate.ts'
import { emailAddress, emailKey } from './email.ts'
import type { OneTimeTokens } from './one-time-tokens.ts'
import { requireAllowedOrigin } from './origin.ts'
import type { Passwords } from './passwords.ts'
import { type CookieSettings, clearedCookie, REFRESH_COOKIE, refreshCookie } from './refresh-cookie.ts'
import type { AuthMethod, Sessions, SignedIn } from './sessions.ts'
import { requirePasswordOfTenant } from './tenant-policy.ts'
import { type Attempt, checked, type Throttle } from './throttle.ts'
import type { TokenSubject, Tokens } from './tokens.ts'

/** E-mail and password. */
export const credentials = z.strictObject({ email: emailAddress, password: z.string().max(1000) })

/** What a log-in answers; the refresh token comes as a cookie. */
export const signedInBody = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.int().describe('Seconds until the access token expires'),
})

/** What a log-in answers when there is a step to go. */
export const nextStepBody = z.union([
  z.object({ mfa_required: z.literal(true), session_token: z.string() }),
  z.object({ mfa_setup_required: z.literal(true), session_token: z.string() }),
])

/** Where somebody stands between the first factor and the second. */
export interface SignInStep {
  /** `code`: a code is wanted. `setup`: a second factor is to be set up. */
  readonly step: 'code' | 'setup'
  /** What they have shown so far. */
  readonly methods: readonly AuthMethod[]
}

/** How long the second factor may take. */
const STEP_MS = 5 * 60_000

/** The settings of logging in. */
export interface SignInSettings extends CookieSettings {
  readonly ALLOW_ORIGINS: readonly string[]
}

interface SignInParts {
  readonly settings: SignInSettings
  readonly tokens: Tokens
  readonly sessions: Sessions
  readonly oneTime: OneTimeTokens
  readonly passwords: Passwords
  readonly throttle: Throttle
  readonly features: Features
  /** Asks Management for a tenant's licence; resolves when what came is in force, or nothing will come. Never rejects. */
  readonly askLicence: (tenantId: string) => Promise<void>
}

interface UserRow {
  id: string
  tenant_id: string
  password_hash: string | null
  active: unknown
}

/** Somebody whose first factor was right: an active user of a tenant. */
export interface Entrant {
  readonly userId: string
  readonly tenantId: string
}

/** Where the way in leads after the first factor. */
export type Entry =
  | { readonly kind: 'signed-in'; readonly signedIn: SignedIn }
  /** `mfa`: a code is wanted. `mfa-setup`: the tenant wants a second factor, and there is none yet. */
  | { readonly kind: 'mfa' | 'mfa-setup'; readonly sessionToken: string }

const userByEmail = prepare<{ key: string }, UserRow>((from, v) =>
  from.shared('users').select('id', 'tenant_id', 'password_hash', 'active').where('email_key', v.key),
)

const secondFactorOf = prepare<
  { userId: string; tenantId: string },
  { mfa_enabled: unknown; mfa_required: unknown; active: unknown }
>((from, v) =>
  from
    .shared('users')
    .join('tenants', 'tenants.id', 'users.tenant_id')
    .select('users.mfa_enabled', 'tenants.mfa_required', 'users.active')
    .where('users.id', v.userId)
    .where('tenants.id', v.tenantId),
)

/** Logging in, staying logged in, logging out: everything that hands out or takes back the refresh cookie. */
export class SignIn {
  readonly #parts: SignInParts

  constructor(parts: SignInParts) {
    this.#parts = parts
  }

  /**
   * Whoever is wrong about the password learns nothing else: not whether the account exists, not where it stands.
   * @throws Problem `invalid_credentials`, `too_many_requests`, `auth_policy_restricted`, and those of `enter`
   */
  async login(
    call: PlatformCall,
    { email, password }: z.output<typeof credentials>,
    request: RequestFacts,
  ): Promise<Reply> {
    requireAllowedOrigin(request, this.#parts.settings.ALLOW_ORIGINS)
    const key = emailKey(email)
    const attempt = await this.#parts.throttle.begin(key, request.address)
    const user = await call.db.first(userByEmail, { key })
    const fits = await checked(attempt, () =>
      this.#parts.passwords.matches(password, user?.active ? user.password_hash : undefined),
    )
    if (!user || !fits) throw problem('invalid_credentials')
    // Hashing takes its time, and may have waited for its turn: the password may be another one by now.
    const still = await call.db.first(userByEmail, { key })
    if (still?.password_hash !== user.password_hash) throw problem('invalid_credentials')
    let entry: Entry
    try {
      await requirePasswordOfTenant(call.db.forTenant(user.tenant_id), email)
      entry = await this.enter(call, { userId: user.id, tenantId: user.tenant_id }, ['pwd'], request, attempt)
    } catch (error) {
      await attempt.succeeded()
      throw error
    }
    // Whoever changes the password ends all sessions that there are: one that has begun since is not among them.
    const after = await call.db.first(userByEmail, { key })
    if (after?.password_hash !== user.password_hash) {
      if (entry.kind === 'signed-in') await this.#end(call, entry.signedIn)
      throw problem('invalid_credentials')
    }
    return this.answer(entry, request)
  }

  /**
   * What happens once the first factor was right, whichever it was: the tenant is looked at, a second factor is asked for,
   * or the session begins. `mfa` among the methods: an identity provider has seen a second factor already. `fed` without
   * it: whether one is needed is for the provider to say, so the tenant's wish does not hold here; who has set one up here
   * is asked for it all the same. Opens its own transaction, or joins the one under way.
   * @param attempt succeeds in the same transaction
   * @throws Problem `tenant_pending`, `license_expired`, `tenant_suspended`
   */
  async enter(
    call: PlatformCall,
    entrant: Entrant,
    methods: readonly AuthMethod[],
    request: RequestFacts,
    attempt?: Attempt,
  ): Promise<Entry> {
    await this.admit(entrant.tenantId)
    const { userId, tenantId } = entrant
    const user = await call.db.first(secondFactorOf, { userId, tenantId })
    if (!user?.active) throw problem('invalid_credentials')
    if (!methods.includes('mfa')) {
      if (user.mfa_enabled) {
        return { kind: 'mfa', sessionToken: await this.#step(call, entrant, { step: 'code', methods }, attempt) }
      }
      if (user.mfa_required && !methods.includes('fed')) {
        return { kind: 'mfa-setup', sessionToken: await this.#step(call, entrant, { step: 'setup', methods }, attempt) }
      }
    }
    return { kind: 'signed-in', signedIn: await this.begin(call, entrant, methods, request, attempt) }
  }

  /** Begins the session of somebody who has shown all that is asked of them. Joins the transaction under way. */
  begin(
    call: PlatformCall,
    { userId, tenantId }: Entrant,
    methods: readonly AuthMethod[],
    request: RequestFacts,
    attempt?: Attempt,
  ): Promise<SignedIn> {
    const db = call.db.forTenant(tenantId)
    const now = call.now()
    return db.transaction(async () => {
      await attempt?.succeeded(call.db)
      const started = await this.#parts.sessions.start(db, userId, methods, request, now)
      await db.table('users').where('id', userId).update({ last_login_at: now })
      await this.#audit(call, started, 'session.started', request)
      return started
    })
  }

  /**
   * The answer to whoever logs in by JSON: tokens and the cookie, or the step that is next.
   * @param more what else the answer says beside the tokens
   */
  answer(entry: Entry, request: RequestFacts, more: object = {}): Reply {
    if (entry.kind === 'signed-in') return this.#signedIn(entry.signedIn, request, more)
    const next = entry.kind === 'mfa' ? { mfa_required: true } : { mfa_setup_required: true }
    return reply({ ...next, session_token: entry.sessionToken }, {})
  }

  /** `Set-Cookie` of the refresh token, for whoever logs in by a redirect. */
  cookie({ refreshToken }: SignedIn, request: RequestFacts): string {
    const { tokens, settings } = this.#parts
    return refreshCookie(refreshToken, tokens.lifetime('refresh'), settings, request)
  }

  /**
   * Exchanges the refresh cookie for new tokens.
   * @throws Problem `unauthenticated`: log in again
   */
  async refresh(call: PlatformCall, request: RequestFacts): Promise<Reply> {
    const { tokens, sessions, settings } = this.#parts
    requireAllowedOrigin(request, settings.ALLOW_ORIGINS)
    const token = request.cookie(REFRESH_COOKIE)
    if (!token) throw problem('unauthenticated', 'There is no refresh cookie; log in.')
    const subject = tokens.verify('refresh', token, call.now())
    await this.admit(subject.tenantId)
    const rotation = await sessions.rotate(call.db.forTenant(subject.tenantId), token, subject, request, call.now())
    if (rotation.kind === 'rotated') return this.#signedIn(rotation.signedIn, request)
    if (rotation.kind === 'reused') {
      call.log.warn({ tenant_id: subject.tenantId, user_id: subject.userId }, 'a rotated refresh token was used again')
      await this.#audit(call, subject, 'session.reuse_detected', request)
    }
    throw problem('unauthenticated', 'The session has ended; log in again.')
  }

  /** Ends the log-in of the refresh cookie, if there is one, and takes the cookie away. */
  async logout(call: PlatformCall, request: RequestFacts): Promise<Reply> {
    const { settings, sessions } = this.#parts
    requireAllowedOrigin(request, settings.ALLOW_ORIGINS)
    const subject = this.#subjectOf(request, call.now())
    if (subject) {
      const db = call.db.forTenant(subject.tenantId)
      await db.transaction(async () => {
        await sessions.end(db, [subject.sessionId], call.now())
        await this.#audit(call, subject, 'session.ended', request)
      })
    }
    return reply(undefined, { status: 204, headers: { 'Set-Cookie': [clearedCookie(settings, request)] } })
  }

  /**
   * Refuses tenants that may not be here; asks the database first, as a licence may have come a moment ago, and then
   * Management, as its webhook may have been missed.
   * @throws Problem `tenant_pending`, `license_expired`, `tenant_suspended`
   */
  async admit(tenantId: string): Promise<void> {
    const { features, askLicence } = this.#parts
    if (gate(undefined, features.tenant(tenantId))) await features.refresh()
    const status = features.tenant(tenantId)?.tenant.status
    // In grace they are let in whatever comes of it: it holds nobody up.
    if (status === 'grace') void askLicence(tenantId)
    else if (status === 'pending' || status === 'expired') await askLicence(tenantId)
    const refused = gate(undefined, features.tenant(tenantId))
    if (refused) throw refused
  }

  /** A token for the step that is next; it works once, for five minutes. */
  #step(
    call: PlatformCall,
    { userId, tenantId }: Entrant,
    step: SignInStep,
    attempt: Attempt | undefined,
  ): Promise<string> {
    const db = call.db.forTenant(tenantId)
    const token = { userId, kind: 'sign-in', data: { ...step }, lifeMs: STEP_MS } as const
    return db.transaction(async () => {
      await attempt?.succeeded(call.db)
      return this.#parts.oneTime.issue(db, token, call.now())
    })
  }

  #signedIn(signedIn: SignedIn, request: RequestFacts, more: object = {}): Reply {
    const expires_in = this.#parts.tokens.lifetime('access')
    const body = { access_token: signedIn.accessToken, token_type: 'Bearer', expires_in, ...more }
    return reply(body, { headers: { 'Set-Cookie': [this.cookie(signedIn, request)] } })
  }

  #end(call: PlatformCall, { tenantId, sessionId }: TokenSubject): Promise<void> {
    const db = call.db.forTenant(tenantId)
    return db.transaction(() => this.#parts.sessions.end(db, [sessionId], call.now()))
  }

  #subjectOf(request: RequestFacts, now: Date): TokenSubject | undefined {
    const token = request.cookie(REFRESH_COOKIE)
    if (!token) return undefined
    try {
      return this.#parts.tokens.verify('refresh', token, now)
    } catch {
      return undefined
    }
  }

  #audit(call: PlatformCall, subject: TokenSubject, action: string, request: RequestFacts): Promise<void> {
    const entry = { action, resourceType: 'session', resourceId: subject.sessionId }
    return writeAudit(call.db.forTenant(subject.tenantId), [entry], {
      actor: { kind: 'user', id: subject.userId },
      address: request.address,
      traceId: call.traceId,
      now: call.now(),
    })
  }
}
