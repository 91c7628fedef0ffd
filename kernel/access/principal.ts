import type { Actor, PermissionKey, Tenant } from '../contract.ts'

/** What a group, and through it a user, may do. */
export interface Permissions {
  has(key: PermissionKey): boolean
}

/** Who is behind a request, once the credentials are checked. Cached and shared: never changed. */
export interface Principal {
  readonly actor: Actor
  readonly tenantId: string
  readonly permissions: Permissions
  /** The log-in this came from; undefined for API keys. */
  readonly sessionId: string | undefined
  /** There for services that came with an API key: when that ends (epoch milliseconds, Infinity: never). */
  readonly apiKey?: { readonly expiresAt: number }
  /** True for operators of the platform: who they are was shown with a second factor. */
  readonly platformAdmin?: true
}

/** Checks the credentials of a request. */
export interface Authenticator {
  /**
   * @param authorization the `Authorization` header
   * @param address where the request comes from, for the last use of an API key
   * @returns at once when the token is known, so that a request does not pay for a promise
   * @throws Problem `unauthenticated`
   */
  authenticate(authorization: string | undefined, address?: () => string): Principal | Promise<Principal>
  /**
   * The same for what stays: with the moment at which its token expires (epoch milliseconds).
   * @param token an access token, or an API key
   * @throws Problem `unauthenticated`
   */
  connect(token: string, address?: () => string): Promise<{ readonly principal: Principal; readonly expiresAt: number }>
  /**
   * A principal as the database has it now.
   * @throws Problem `unauthenticated` when its session has ended
   */
  again(principal: Principal): Promise<Principal>
}

/** A tenant with what its licence gives it right now. */
export interface TenantState {
  readonly tenant: Tenant
  /** Keys of the features that are on: none of the licensed ones in `grace`. */
  readonly features: ReadonlySet<string>
}
