import { z } from 'zod'
import { writeAudit } from '../audit/writer.ts'
import type { PlatformCall, RequestFacts } from '../contract.ts'
import { prepare } from '../data/prepared.ts'
import { problem } from '../errors.ts'
import { type Reply, reply } from '../http/reply.ts'
import type { Features } from '../tenancy/features.ts'
import { gate } from '../tenancy/gate.ts'
import { emailAddress, emailKey } from './email.ts'
import { requireAllowedOrigin } from './origin.ts'
import type { Passwords } from './passwords.ts'
import { type CookieSettings, clearedCookie, REFRESH_COOKIE, refreshCookie } from './refresh-cookie.ts'
import type { AuthMethod, Sessions, SignedIn } from './sessions.ts'
import type { Throttle } from './throttle.ts'
import type { TokenSubject, Tokens } from './tokens.ts'

/** E-mail and password. */
export const credentials = z.strictObject({ email: emailAddress, password: z.string().max(1000) })

/** What a log-in answers; the refresh token comes as a cookie. */
export const signedInBody = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.int().describe('Seconds until the access token expires'),
})

/** The settings of logging in. */
export interface SignInSettings extends CookieSettings {
  readonly ALLOW_ORIGINS: readonly string[]
}

interface SignInParts {
  readonly settings: SignInSettings
  readonly tokens: Tokens
  readonly sessions: Sessions
  readonly passwords: Passwords
  readonly throttle: Throttle
  readonly features: Features
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

/** Logging in, staying logged in, logging out: everything that hands out or takes back the refresh cookie. */
export class SignIn {
  readonly #parts: SignInParts

  constructor(parts: SignInParts) {
    this.#parts = parts
  }

  /**
   * Whoever is wrong about the password learns nothing else: not whether the account exists, not where it stands.
   * @throws Problem `invalid_credentials`, `too_many_requests`, `tenant_pending`, `license_expired`, `tenant_suspended`
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
    const fits = await this.#parts.passwords.matches(password, user?.active ? user.password_hash : undefined)
    if (!user || !fits) throw problem('invalid_credentials')
    await attempt.succeeded()
    const entry = await this.enter(call, { userId: user.id, tenantId: user.tenant_id }, ['pwd'], request)
    return this.answer(entry, request)
  }

  /**
   * What happens once the first factor was right, whichever it was: the tenant is looked at, a second factor is asked for,
   * or the session begins. Opens its own transaction, or joins the one under way.
   * @throws Problem `tenant_pending`, `license_expired`, `tenant_suspended`
   */
  async enter(
    call: PlatformCall,
    { userId, tenantId }: Entrant,
    methods: readonly AuthMethod[],
    request: RequestFacts,
  ): Promise<Entry> {
    await this.#admit(tenantId)
    const db = call.db.forTenant(tenantId)
    const now = call.now()
    const signedIn = await db.transaction(async () => {
      const started = await this.#parts.sessions.start(db, userId, methods, request, now)
      await db.table('users').where('id', userId).update({ last_login_at: now })
      await this.#audit(call, started, 'session.started', request)
      return started
    })
    return { kind: 'signed-in', signedIn }
  }

  /** The answer to whoever logs in by JSON: tokens and the cookie, or the step that is next. */
  answer(entry: Entry, request: RequestFacts): Reply {
    if (entry.kind === 'signed-in') return this.#signedIn(entry.signedIn, request)
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
    await this.#admit(subject.tenantId)
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

  /** Refuses tenants that may not be here; asks the database first, as a licence may have come a moment ago. */
  async #admit(tenantId: string): Promise<void> {
    const { features } = this.#parts
    if (!gate(undefined, features.tenant(tenantId))) return
    await features.refresh()
    const refused = gate(undefined, features.tenant(tenantId))
    if (refused) throw refused
  }

  #signedIn(signedIn: SignedIn, request: RequestFacts): Reply {
    const expires_in = this.#parts.tokens.lifetime('access')
    const body = { access_token: signedIn.accessToken, token_type: 'Bearer', expires_in }
    return reply(body, { headers: { 'Set-Cookie': [this.cookie(signedIn, request)] } })
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
