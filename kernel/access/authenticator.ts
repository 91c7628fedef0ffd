import { hash } from 'node:crypto'
import type { Database } from '../../db/database.ts'
import { prepare } from '../data/prepared.ts'
import { TenantDb } from '../data/tenant-db.ts'
import { problem } from '../errors.ts'
import type { ApiKeyAuthenticator } from './api-keys/api-key-authenticator.ts'
import { looksLikeApiKey } from './api-keys/api-key-text.ts'
import type { Candidate, Operators } from './operators.ts'
import { PermissionSet, readGranted } from './permission-set.ts'
import type { Authenticator, Principal } from './principal.ts'
import type { PrincipalCache } from './principal-cache.ts'
import type { SignedInUser } from './signed-in-user.ts'
import type { TokenClaims, TokenSubject, Tokens } from './tokens.ts'

interface AuthenticatorOptions {
  readonly database: Database
  readonly tokens: Tokens
  readonly cache: PrincipalCache
  readonly operators: Operators
  readonly apiKeys: ApiKeyAuthenticator
  now(): Date
}

/** A session as its token says it is. */
type Claimed = TokenSubject & Pick<TokenClaims, 'platformAdmin'>

interface SessionRow extends Candidate {
  readonly active: unknown
}

const LONGEST_HEADER = 4096
const noTables: ReadonlySet<string> = new Set()

const liveSession = prepare<{ userId: string; sessionId: string; now: Date }, SessionRow>((from, v) =>
  from
    .table('users')
    .join('refresh_tokens', 'refresh_tokens.user_id', 'users.id')
    .select('users.active', 'users.email', 'users.email_verified_at', 'refresh_tokens.methods')
    .where('users.id', v.userId)
    .where('refresh_tokens.family_id', v.sessionId)
    .whereNull('refresh_tokens.revoked_at')
    .where('refresh_tokens.expires_at', '>', v.now)
    .limit(1),
)
const grantedByGroups = prepare<{ userId: string }, { permissions: string }>((from, v) =>
  from
    .table('groups')
    .join('user_groups', 'user_groups.group_id', 'groups.id')
    .select('groups.permissions')
    .where('user_groups.user_id', v.userId),
)

/** The union of what a user's groups grant. */
export async function permissionsOf(db: TenantDb, userId: string): Promise<PermissionSet> {
  const rows = await db.all(grantedByGroups, { userId })
  return new PermissionSet(rows.flatMap(row => readGranted(row.permissions)))
}

/** Checks `Authorization: Bearer` with an access token or an API key. A token that was checked before costs a hash and a look-up. */
export class BearerAuthenticator implements Authenticator {
  readonly #options: AuthenticatorOptions

  constructor(options: AuthenticatorOptions) {
    this.#options = options
  }

  authenticate(authorization: string | undefined, address?: () => string): Principal | Promise<Principal> {
    const token = bearerToken(authorization)
    const key = hash('sha256', token, 'base64')
    const { cache, apiKeys, now } = this.#options
    const known = cache.get(key, now().getTime())
    if (known === undefined) return this.#check(key, token, address)
    if (known.apiKey) apiKeys.used(known, address)
    return known
  }

  async connect(
    token: string,
    address?: () => string,
  ): Promise<{ readonly principal: Principal; readonly expiresAt: number }> {
    const { tokens, cache, now } = this.#options
    if (looksLikeApiKey(token)) {
      // Its end may be changed while the socket is open, so the principal has it.
      return { principal: await this.authenticate(`Bearer ${token}`, address), expiresAt: Number.POSITIVE_INFINITY }
    }
    const { expiresAt } = tokens.verify('access', token, now())
    const key = hash('sha256', token, 'base64')
    return { principal: cache.get(key, now().getTime()) ?? (await this.#check(key, token)), expiresAt }
  }

  async again(principal: Principal): Promise<Principal> {
    const { actor, tenantId, sessionId, platformAdmin } = principal
    if (principal.apiKey) return this.#options.apiKeys.again(principal)
    if (sessionId === undefined) return principal
    return this.#load({ userId: actor.id, tenantId, sessionId, ...(platformAdmin ? { platformAdmin } : {}) })
  }

  async #check(key: string, token: string, address?: () => string): Promise<Principal> {
    const { cache, tokens, apiKeys } = this.#options
    if (looksLikeApiKey(token)) {
      const { epoch } = cache
      const service = await apiKeys.find(token)
      cache.set(key, service, service.apiKey.expiresAt, epoch)
      apiKeys.used(service, address)
      return service
    }
    const claims = tokens.verify('access', token, this.#options.now())
    const { epoch } = cache
    const principal = await this.#load(claims)
    cache.set(key, principal, claims.expiresAt, epoch)
    return principal
  }

  async #load({ userId, tenantId, sessionId, platformAdmin }: Claimed): Promise<Principal> {
    const db = new TenantDb(this.#options.database, tenantId, noTables)
    const session = await db.first(liveSession, { userId, sessionId, now: this.#options.now() })
    if (!session?.active) throw problem('unauthenticated', 'The session has ended.')
    const actor: SignedInUser = { kind: 'user', id: userId, sessionId }
    return Object.freeze({
      actor: Object.freeze(actor),
      tenantId,
      permissions: await permissionsOf(db, userId),
      sessionId,
      ...(platformAdmin && this.#options.operators.includes(session) ? { platformAdmin } : {}),
    })
  }
}

function bearerToken(authorization = ''): string {
  if (authorization.length <= LONGEST_HEADER) {
    if (authorization.startsWith('Bearer ')) return authorization.slice(7)
    const token = /^bearer +(\S+)$/i.exec(authorization)?.[1]
    if (token !== undefined) return token
  }
  throw problem('unauthenticated', 'Send an access token or an API key: Authorization: Bearer <token>.')
}
