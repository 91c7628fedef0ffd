import { writeAudit } from '../../audit/writer.ts'
import type { Call, PlatformCall, RequestFacts } from '../../contract.ts'
import { knexOf, type TenantDb } from '../../data/tenant-db.ts'
import { Problem, problem } from '../../errors.ts'
import type { Reply } from '../../http/reply.ts'
import type { MailQueue } from '../../mail/mail-queue.ts'
import type { AccessChanges } from '../access-changes.ts'
import type { OneTimeToken, OneTimeTokens } from '../one-time-tokens.ts'
import { requireAllowedOrigin } from '../origin.ts'
import { provePassword } from '../password-proof.ts'
import type { Passwords } from '../passwords.ts'
import type { Authenticator } from '../principal.ts'
import type { Sessions } from '../sessions.ts'
import type { Entrant, SignIn, SignInStep } from '../sign-in.ts'
import type { SignedInUser } from '../signed-in-user.ts'
import type { Throttle } from '../throttle.ts'
import { recoveryCodesLeft, replaceRecoveryCodes } from './recovery-codes.ts'
import type { CodeKind, GivenCode, SecondFactor } from './second-factor.ts'
import { type SecurityEvent, tellByMail } from './security-mails.ts'
import type { Enrolment } from './totp.ts'

/** Wrong codes that a session token takes. */
const MOST_CODES = 5
/** A session younger than this stands for the password. */
const FRESH_MS = 10 * 60_000

interface MfaParts {
  readonly settings: { readonly ALLOW_ORIGINS: readonly string[] }
  readonly authenticator: Authenticator
  readonly factor: SecondFactor
  readonly oneTime: OneTimeTokens
  readonly passwords: Passwords
  readonly throttle: Throttle
  readonly sessions: Sessions
  readonly changes: AccessChanges
  readonly signIn: SignIn
  readonly mail: MailQueue
}

/** How a user's second factor stands. */
export interface MfaState {
  readonly enabled: boolean
  /** The tenant wants everybody who logs in with a password to have one. */
  readonly required: boolean
  readonly recovery_codes_left: number
}

/** Somebody between the first factor and the second. */
interface Between extends Entrant, SignInStep {
  readonly token: OneTimeToken
}

/** Somebody who sets up a second factor: logged in, or on the way in because the tenant asks for it. */
type Enroller = (Entrant & { readonly sessionId: string }) | Between

/**
 * The steps of second factors: setting up, logging in with one, switching off. Codes count before they are looked at, by
 * the user and by the session token, in transactions of their own. All that changes users goes through the tables in one
 * order, so that no two stand in each other's way: the revision, refresh tokens, one-time tokens, the user.
 */
export class Mfa {
  readonly #parts: MfaParts

  constructor(parts: MfaParts) {
    this.#parts = parts
  }

  async state(db: TenantDb, userId: string): Promise<MfaState> {
    const user = await db.table('users').where('id', userId).first('mfa_enabled')
    if (!user) throw problem('not_found', 'No user has this id.')
    const tenant = await knexOf(db)('tenants').where('id', db.tenantId).first('mfa_required')
    return {
      enabled: Boolean(user.mfa_enabled),
      required: Boolean(tenant?.mfa_required),
      recovery_codes_left: await recoveryCodesLeft(db, userId),
    }
  }

  /**
   * The second step of a log-in.
   * @throws Problem `invalid_token`, `invalid_code`, `too_many_requests`, and what keeps a tenant out
   */
  async verify(call: PlatformCall, sessionToken: string, given: GivenCode, request: RequestFacts): Promise<Reply> {
    const { signIn, oneTime, throttle } = this.#parts
    requireAllowedOrigin(request, this.#parts.settings.ALLOW_ORIGINS)
    const between = await this.#between(call, sessionToken, 'code')
    const { userId, tenantId, token } = between
    const attempt = await throttle.begin(userId, request.address, 'code')
    const db = call.db.forTenant(tenantId)
    if (!(await oneTime.attempt(db, token.id, MOST_CODES))) throw expired()
    await signIn.admit(tenantId)
    const signedIn = await db
      .transaction(async () => {
        if (!(await oneTime.use(db, token.id, call.now()))) throw expired()
        if (!(await this.#take(db, userId, given, call.now()))) throw problem('invalid_code')
        return signIn.begin(call, between, [...between.methods, 'otp', 'mfa'], request)
      })
      .catch(async (error: unknown) => {
        if (error instanceof Problem && error.code === 'invalid_code') {
          await this.#audit(call, between, 'mfa.code_refused', request)
        }
        throw error
      })
    await attempt.succeeded()
    return signIn.answer({ kind: 'signed-in', signedIn }, request)
  }

  /**
   * Makes a secret for an authenticator app.
   * @param sessionToken of a log-in that waits for it; without one the request carries an access token
   * @throws Problem `unauthenticated`, `invalid_token`, `conflict` when there is a second factor
   */
  async setUp(call: PlatformCall, sessionToken: string | undefined, request: RequestFacts): Promise<Enrolment> {
    const { userId, tenantId } = await this.#enroller(call, sessionToken, request)
    const db = call.db.forTenant(tenantId)
    return db.transaction(() => this.#parts.factor.prepare(db, userId))
  }

  /**
   * Switches it on with a first code. Other sessions end: they began without it. Who came with a session token is in now,
   * who came with an access token has shown their second factor in this session.
   * @param given.password asked for when the session began more than ten minutes ago
   * @throws Problem `invalid_code`, `invalid_token`, `forbidden`, `conflict`, `too_many_requests`
   */
  async enable(
    call: PlatformCall,
    given: { session_token?: string | undefined; totp_code: string; password?: string | undefined },
    request: RequestFacts,
  ): Promise<Reply | { recovery_codes: string[] }> {
    const { signIn, oneTime, throttle, factor, sessions, changes } = this.#parts
    if (given.session_token !== undefined) requireAllowedOrigin(request, this.#parts.settings.ALLOW_ORIGINS)
    const who = await this.#enroller(call, given.session_token, request)
    const { userId, tenantId } = who
    const db = call.db.forTenant(tenantId)
    if (!('token' in who)) await this.#requireFresh(db, call.now(), who, given.password, request)
    const attempt = await throttle.begin(userId, request.address, 'code')
    if ('token' in who && !(await oneTime.attempt(db, who.token.id, MOST_CODES))) throw expired()
    await signIn.admit(tenantId)
    const { recovery_codes, signedIn } = await db.transaction(async () => {
      const now = call.now()
      await changes.announce(db)
      if ('token' in who && !(await oneTime.use(db, who.token.id, now))) throw expired()
      const recovery_codes = await factor.enable(db, userId, given.totp_code, now)
      await sessions.endAll(db, userId, now, 'token' in who ? undefined : who.sessionId)
      await tellByMail(this.#parts.mail, db, userId, 'mfa-enabled', now)
      await this.#audit(call, who, 'mfa.enabled', request)
      if ('token' in who) {
        const signedIn = await signIn.begin(call, who, [...who.methods, 'otp', 'mfa'], request)
        return { recovery_codes, signedIn }
      }
      const methods = await sessions.methodsOf(db, who.sessionId)
      await sessions.setMethods(db, who.sessionId, [...new Set([...methods, 'otp', 'mfa'] as const)])
      return { recovery_codes, signedIn: undefined }
    })
    await attempt.succeeded()
    return signedIn ? signIn.answer({ kind: 'signed-in', signedIn }, request, { recovery_codes }) : { recovery_codes }
  }

  /**
   * Switches it off, with the password or with a code. Other sessions end, and this one is no longer one with two factors.
   * @throws Problem `forbidden` where the tenant asks for it, or for a wrong password; `invalid_code`, `conflict`
   */
  async disable(call: Call, user: SignedInUser, given: GivenCode & { password?: string | undefined }): Promise<void> {
    const { factor, sessions, changes } = this.#parts
    const { db } = call
    const state = await this.state(db, user.id)
    if (!state.enabled) throw problem('conflict', 'There is no second factor to switch off.')
    if (state.required) {
      throw problem(
        'forbidden',
        'Your account asks everybody for a second factor, so it stays on. An administrator can reset it.',
      )
    }
    if (given.password !== undefined) await provePassword(this.#parts, db, user.id, given.password)
    else await this.#proveCode(call, user, given)
    await db.transaction(async () => {
      const now = call.now()
      await changes.announce(db)
      await factor.remove(db, user.id, now)
      await sessions.endAll(db, user.id, now, user.sessionId)
      const methods = await sessions.methodsOf(db, user.sessionId)
      await sessions.setMethods(
        db,
        user.sessionId,
        methods.filter(method => method === 'pwd' || method === 'fed'),
      )
      await this.#tell(call, user.id, 'mfa-disabled', 'mfa.disabled')
    })
  }

  /**
   * Makes new recovery codes; the ones before stop working.
   * @throws Problem `invalid_code`, `too_many_requests`
   */
  async newRecoveryCodes(call: Call, user: SignedInUser, totp_code: string): Promise<string[]> {
    await this.#proveCode(call, user, { totp_code })
    return call.db.transaction(async () => {
      const codes = await replaceRecoveryCodes(call.db, user.id, call.now())
      await this.#tell(call, user.id, 'recovery-codes-made', 'mfa.recovery_codes_made')
      return codes
    })
  }

  /**
   * Takes somebody's second factor away, for who has lost the device; their sessions end. In the call's transaction.
   * @throws Problem `not_found` when they have none, `forbidden` for oneself: that takes a password or a code
   */
  async reset(call: Call, userId: string): Promise<void> {
    if (userId === call.actor.id)
      throw problem('forbidden', 'Switch off your own second factor with POST /auth/mfa/disable.')
    const { factor, sessions, changes } = this.#parts
    await changes.announce(call.db)
    if (!(await factor.remove(call.db, userId, call.now())))
      throw problem('not_found', 'This user has no second factor.')
    await sessions.endAll(call.db, userId, call.now())
    await this.#tell(call, userId, 'mfa-reset', 'mfa.reset')
  }

  /** Takes a code, and tells the user when it was one of their recovery codes. */
  async #take(db: TenantDb, userId: string, given: GivenCode, now: Date): Promise<CodeKind | undefined> {
    const kind = await this.#parts.factor.take(db, userId, given, now)
    if (kind === 'recovery') await tellByMail(this.#parts.mail, db, userId, 'recovery-code-used', now)
    return kind
  }

  /** Has somebody who is logged in show a code. */
  async #proveCode(call: Call, user: SignedInUser, given: GivenCode): Promise<void> {
    const attempt = await this.#parts.throttle.begin(user.id, user.id, 'code')
    const kind = await call.db.transaction(() => this.#take(call.db, user.id, given, call.now()))
    if (!kind) throw problem('invalid_code')
    await attempt.succeeded()
  }

  /** A stolen access token alone must not lock its owner out. */
  async #requireFresh(
    db: TenantDb,
    now: Date,
    { userId, sessionId }: { readonly userId: string; readonly sessionId: string },
    password: string | undefined,
    request: RequestFacts,
  ): Promise<void> {
    const began = await this.#parts.sessions.startedAt(db, userId, sessionId)
    if (began && now.getTime() - began.getTime() < FRESH_MS) return
    if (password === undefined) {
      throw problem('forbidden', 'Your session began more than ten minutes ago: send your password, or log in again.')
    }
    await provePassword(this.#parts, db, userId, password, request.address)
  }

  async #enroller(call: PlatformCall, sessionToken: string | undefined, request: RequestFacts): Promise<Enroller> {
    if (sessionToken !== undefined) return this.#between(call, sessionToken, 'setup')
    const { authenticator, signIn } = this.#parts
    const { actor, tenantId, sessionId } = await authenticator.authenticate(
      request.header('Authorization') || undefined,
    )
    if (sessionId === undefined) throw problem('forbidden', 'This is about the user who is logged in; log in as one.')
    await signIn.admit(tenantId)
    return { userId: actor.id, tenantId, sessionId }
  }

  async #between(call: PlatformCall, sessionToken: string, step: SignInStep['step']): Promise<Between> {
    const token = await this.#parts.oneTime.find(call.db, 'sign-in', sessionToken, call.now())
    const data = token?.data as SignInStep | undefined
    if (!token || data?.step !== step || token.attempts >= MOST_CODES) throw expired()
    return { userId: token.userId, tenantId: token.tenantId, step, methods: data.methods, token }
  }

  async #tell(call: Call, userId: string, event: SecurityEvent, action: string): Promise<void> {
    await tellByMail(this.#parts.mail, call.db, userId, event, call.now())
    call.audit({ action, resourceType: 'user', resourceId: userId })
  }

  /** A line in the log of a tenant for a request that came without one. */
  #audit(call: PlatformCall, { userId, tenantId }: Entrant, action: string, request: RequestFacts): Promise<void> {
    return writeAudit(call.db.forTenant(tenantId), [{ action, resourceType: 'user', resourceId: userId }], {
      actor: { kind: 'user', id: userId },
      address: request.address,
      traceId: call.traceId,
      now: call.now(),
    })
  }
}

const expired = (): Error =>
  problem('invalid_token', 'This log-in took too long, or had too many wrong codes. Begin again with your password.')
