import { writeAudit } from '../../audit/writer.ts'
import type { PlatformCall, RequestFacts } from '../../contract.ts'
import { newId } from '../../data/id.ts'
import type { PlatformDb } from '../../data/platform-db.ts'
import { prepare } from '../../data/prepared.ts'
import { Problem, problem } from '../../errors.ts'
import { emailKey } from '../email.ts'
import type { OneTimeTokens } from '../one-time-tokens.ts'
import type { AuthMethod, Sessions } from '../sessions.ts'
import type { Entry, SignIn } from '../sign-in.ts'
import { domainOf, type PolicySettings, requireEmailOfDeployment, requireEmailOfTenant } from '../tenant-policy.ts'
import type { Person } from './claims.ts'
import type { Arriving, Newcomers } from './newcomers.ts'
import type { Provider, ProviderDirectory } from './provider-directory.ts'
import { Refusal } from './refusal.ts'

interface ArrivalParts {
  readonly settings: PolicySettings
  readonly newcomers: Newcomers
  readonly directory: ProviderDirectory
  readonly sessions: Sessions
  readonly oneTime: OneTimeTokens
  readonly signIn: SignIn
}

interface UserRow {
  id: string
  tenant_id: string
  email: string
  active: unknown
  password_hash: string | null
  email_verified_at: string | null
}

/** An address that counts. */
interface TrustedEmail {
  readonly email: string
  /** The tenant whose word it is; undefined: the platform's provider has verified it. */
  readonly tenantId: string | undefined
}

const COLUMNS = ['id', 'tenant_id', 'email', 'active', 'password_hash', 'email_verified_at'].map(
  name => `users.${name}`,
)
const byIdentity = prepare<{ issuer: string; subject: string }, UserRow & { issuer: string; subject: string }>(
  (from, v) =>
    from
      .shared('user_identities')
      .join('users', 'users.id', 'user_identities.user_id')
      .select(...COLUMNS, 'user_identities.issuer', 'user_identities.subject')
      .where('user_identities.issuer', v.issuer)
      .where('user_identities.subject', v.subject),
)
const byEmail = prepare<{ key: string }, UserRow>((from, v) =>
  from
    .shared('users')
    .select(...COLUMNS)
    .where('users.email_key', v.key),
)
const otherIdentity = prepare<{ userId: string; issuer: string }, { id: string }>((from, v) =>
  from.shared('user_identities').select('id').where('user_id', v.userId).where('issuer', v.issuer),
)

/** How often two first sign-ins of one person may get in each other's way. */
const MOST_TRIES = 3
/** What somebody else may have set up who registered with an address first. */
const WAYS_IN = { password_hash: null, mfa_enabled: false, totp_secret: null }
/** Columns of `user_identities`. */
const LONGEST_ISSUER = 400
const LONGEST_SUBJECT = 255

/**
 * Finds whose account somebody from an identity provider has, or makes it. By their identity (issuer and subject) first;
 * by their address only when whoever says so may: the platform's provider for what it has verified, a tenant's own for the
 * tenant's verified domains and users.
 */
export class Arrival {
  readonly #parts: ArrivalParts

  constructor(parts: ArrivalParts) {
    this.#parts = parts
  }

  /**
   * Lets a person in, in one transaction with what is made for them.
   * @throws Problem `no_tenant`, `sign_in_failed`, `auth_policy_restricted`, and those of `SignIn.enter`
   */
  async enter(call: PlatformCall, arriving: Arriving, request: RequestFacts): Promise<Entry> {
    try {
      const tenantId = await this.#tenantOf(call, arriving)
      if (tenantId !== undefined) await this.#parts.signIn.admit(tenantId)
      return await this.#inOneGo(call, () => this.#enter(call, arriving, request))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      await this.#record(call, arriving.person, error, request)
      throw error.problem
    }
  }

  /** In a transaction, which is run again when somebody else has made the same user at the same moment. */
  async #inOneGo<T>({ db }: PlatformCall, work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await db.transaction(work)
      } catch (error) {
        const isRace = db.dialect.isUniqueViolation(error) || db.dialect.isUndone(error)
        if (!isRace || tries === MOST_TRIES) throw error
      }
    }
  }

  async #enter(call: PlatformCall, arriving: Arriving, request: RequestFacts): Promise<Entry> {
    const { settings, signIn } = this.#parts
    const { provider, person } = arriving
    if (person.issuer.length > LONGEST_ISSUER || person.subject.length > LONGEST_SUBJECT) {
      throw new Refusal('issuer or subject is too long', problem('sign_in_failed'), provider.tenantId)
    }
    const known = await this.#known(call.db, person)
    const user = known ?? (await this.#byEmail(call, arriving, request))
    if (provider.tenantId !== undefined && user.tenant_id !== provider.tenantId) {
      throw new Refusal('a user of another tenant', noTenant(), provider.tenantId)
    }
    if (!user.active) {
      throw new Refusal('deactivated', problem('sign_in_failed', 'This user is deactivated.'), user.tenant_id, user.id)
    }
    await this.#allow(user, () => requireEmailOfTenant(settings, call.db.forTenant(user.tenant_id), user.email))
    if (known) await this.#touch(call, person)
    else await this.#link(call, provider, user, person, request)
    const methods: AuthMethod[] = person.mfa ? ['fed', 'mfa'] : ['fed']
    return signIn.enter(call, { userId: user.id, tenantId: user.tenant_id }, methods, request)
  }

  /** Whose licence counts, looked up beforehand: to ask for it takes time that no transaction has. */
  async #tenantOf(call: PlatformCall, arriving: Arriving): Promise<string | undefined> {
    const { db } = call
    const { provider, person } = arriving
    const known = await this.#known(db, person)
    const trusted = known ? undefined : await this.#trustedEmail(db, provider, person)
    if (trusted === undefined) return known?.tenant_id
    const user = await db.first(byEmail, { key: emailKey(trusted.email) })
    if (user) return trusted.tenantId === undefined || trusted.tenantId === user.tenant_id ? user.tenant_id : undefined
    return (await this.#parts.newcomers.destination(call, arriving, trusted.email))?.tenantId
  }

  /** The user of an identity. Subjects differ by case and by spaces at the end, which SQL Server does not see. */
  async #known(db: PlatformDb, { issuer, subject }: Person): Promise<UserRow | undefined> {
    const row = await db.first(byIdentity, { issuer, subject })
    if (row === undefined || (row.issuer === issuer && row.subject === subject)) return row
    throw new Refusal('an identity that differs by case or spaces only', problem('sign_in_failed'), row.tenant_id)
  }

  /** The user of the person's address, who may be new. */
  async #byEmail(call: PlatformCall, arriving: Arriving, request: RequestFacts): Promise<UserRow> {
    const { db } = call
    const { provider, person } = arriving
    const trusted = await this.#trustedEmail(db, provider, person)
    if (trusted === undefined)
      throw new Refusal('no address that this provider may speak for', noTenant(), provider.tenantId)
    const { email, tenantId } = trusted
    const found = await db.first(byEmail, { key: emailKey(email) })
    if (found === undefined) return this.#create(call, arriving, email, request)
    if (tenantId !== undefined && found.tenant_id !== tenantId) {
      throw new Refusal('a user of another tenant than the one that the domain is of', noTenant(), tenantId)
    }
    if (await db.first(otherIdentity, { userId: found.id, issuer: person.issuer })) {
      const reason = 'the address belongs to another identity of this provider'
      throw new Refusal(reason, problem('sign_in_failed'), found.tenant_id, found.id)
    }
    return found
  }

  /** The person's address, if this provider may say that it is theirs; where a tenant vouches for it, for its users alone. */
  async #trustedEmail(db: PlatformDb, provider: Provider, person: Person): Promise<TrustedEmail | undefined> {
    const { email, emailVerified } = person
    if (email === undefined) return undefined
    if (provider.tenantId === undefined && emailVerified === true) return { email, tenantId: undefined }
    const owner = await this.#parts.directory.ownerOf(db, domainOf(email))
    if (owner === undefined) return undefined
    const { tenantId } = owner
    if (provider.tenantId === undefined) {
      const ownDirectory = person.entraTenantId !== undefined && person.entraTenantId === owner.entraTenantId
      return ownDirectory ? { email, tenantId } : undefined
    }
    return tenantId === provider.tenantId && this.#ownWord(person) ? { email, tenantId } : undefined
  }

  /** An Entra directory says nothing of what its own people's addresses are worth; another provider's no is a no. */
  #ownWord({ entraTenantId, emailVerified }: Person): boolean {
    return entraTenantId !== undefined || emailVerified !== false
  }

  async #create(call: PlatformCall, arriving: Arriving, email: string, request: RequestFacts): Promise<UserRow> {
    const { settings, newcomers } = this.#parts
    const destination = await newcomers.destination(call, arriving, email)
    if (destination === undefined) {
      requireEmailOfDeployment(settings, email)
      throw new Refusal('no tenant has this domain', noTenant())
    }
    const { tenantId } = destination
    const policy = () => requireEmailOfTenant(settings, call.db.forTenant(tenantId), email)
    await this.#allow({ tenant_id: tenantId }, policy)
    const now = call.now()
    const made = await newcomers.create({ db: call.db, now }, destination, arriving.person, email)
    const { id, ...after } = { ...made, issuer: arriving.person.issuer, invitation_id: destination.invitation?.id }
    await this.#audit(call, tenantId, 'user.created', id, request, after)
    return { id, tenant_id: tenantId, email, active: true, password_hash: null, email_verified_at: now.toISOString() }
  }

  /**
   * Remembers the identity. An address that nobody had verified may have been registered by somebody else, who waits for its
   * owner to come: their password, second factor, sessions and links end here.
   */
  async #link(
    call: PlatformCall,
    provider: Provider,
    user: UserRow,
    { issuer, subject }: Person,
    request: RequestFacts,
  ): Promise<void> {
    const db = call.db.forTenant(user.tenant_id)
    const now = call.now()
    await db
      .table('user_identities')
      .insert({ id: newId(), user_id: user.id, issuer, subject, last_used_at: now, created_at: now })
    await this.#audit(call, user.tenant_id, 'user.identity_linked', user.id, request, { issuer, subject })
    if (user.email_verified_at !== null) return
    const dropped = provider.tenantId === undefined && user.password_hash !== null
    await db
      .table('users')
      .where('id', user.id)
      .update({ email_verified_at: now, ...(dropped ? WAYS_IN : {}), updated_at: now })
    if (!dropped) return
    await db.table('recovery_codes').where('user_id', user.id).delete()
    await this.#parts.sessions.endAll(db, user.id, now)
    await this.#parts.oneTime.revoke(db, user.id, now)
    await this.#audit(call, user.tenant_id, 'user.password_dropped', user.id, request, undefined)
  }

  async #touch(call: PlatformCall, { issuer, subject }: Person): Promise<void> {
    await call.db.table('user_identities').where({ issuer, subject }).update({ last_used_at: call.now() })
  }

  async #allow(user: { readonly tenant_id: string; readonly id?: string }, check: () => Promise<void>): Promise<void> {
    try {
      await check()
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      throw new Refusal('policy', error, user.tenant_id, user.id)
    }
  }

  /** What the transaction took back is told all the same. */
  async #record(call: PlatformCall, person: Person, refusal: Refusal, request: RequestFacts): Promise<void> {
    const { tenantId, userId, message: reason } = refusal
    const { issuer, subject } = person
    call.log.warn({ tenant_id: tenantId, user_id: userId, issuer, subject, reason }, 'sign_in.failed')
    if (tenantId === undefined) return
    await this.#audit(call, tenantId, 'sign_in.failed', userId ?? '', request, { issuer, subject, reason }, userId)
  }

  #audit(
    call: PlatformCall,
    tenantId: string,
    action: string,
    resourceId: string,
    request: RequestFacts,
    after: object | undefined,
    actorId: string | undefined = resourceId,
  ): Promise<void> {
    return writeAudit(call.db.forTenant(tenantId), [{ action, resourceType: 'user', resourceId, after }], {
      actor: actorId ? { kind: 'user', id: actorId } : call.actor,
      address: request.address,
      traceId: call.traceId,
      now: call.now(),
    })
  }
}

const noTenant = (): Problem =>
  problem('no_tenant', 'No account is for this address, or the address was not verified; ask your administrator.')
