/**
 * Every error the API can answer with: code, status, title. Codes are part of the contract: never reused, never renamed.
 * `docs/errors.md` is rendered from this table.
 */
export const errorCodes = {
  malformed: [400, 'The request cannot be read'],
  invalid_cursor: [400, 'The cursor does not belong to this list'],
  unauthenticated: [401, 'Not signed in'],
  invalid_credentials: [401, 'E-mail or password is wrong'],
  invalid_code: [401, 'The code is wrong or was used before'],
  invalid_token: [401, 'This link or step has expired or was used before'],
  sign_in_failed: [401, 'Signing in elsewhere did not work'],
  invalid_signature: [401, 'The signature is missing or wrong'],
  invalid_registration: [401, 'This device cannot register'],
  forbidden: [403, 'Not allowed'],
  auth_policy_restricted: [403, 'This deployment does not allow this way of logging in'],
  no_tenant: [403, 'No account is for this address'],
  tenant_pending: [403, 'The account has no active licence yet'],
  license_expired: [403, 'The licence has expired'],
  tenant_suspended: [403, 'The account is suspended'],
  feature_disabled: [403, 'The licence does not include this feature'],
  device_revoked: [403, 'This device was revoked'],
  download_expired: [403, 'The download address has expired'],
  download_forged: [403, 'The download address is not one that this service gave out'],
  origin_not_allowed: [403, 'Requests from this origin are not allowed'],
  not_found: [404, 'Not found'],
  tenant_not_found: [404, 'No such tenant'],
  method_not_allowed: [405, 'This path does not take this method'],
  request_timeout: [408, 'The request did not arrive in time'],
  conflict: [409, 'Conflicts with what is stored'],
  too_many_commands: [409, 'Too many commands wait for this device'],
  idempotency_key_reused: [409, 'The idempotency key was used for another request'],
  idempotency_key_in_use: [409, 'The first request with this idempotency key is still running'],
  stale: [412, 'The record has changed since it was read'],
  too_large: [413, 'The request is too large'],
  unsupported_media_type: [415, 'This media type is not taken here'],
  range_not_satisfiable: [416, 'The range lies outside the content'],
  invalid: [422, 'The request is not valid'],
  upgrade_required: [426, 'This path takes WebSocket connections only'],
  too_many_requests: [429, 'Too many requests'],
  headers_too_large: [431, 'The headers are too large'],
  internal: [500, 'Something went wrong on our side'],
  starting: [503, 'The service is starting'],
  stopping: [503, 'The service is stopping'],
  plugin_unavailable: [503, 'This part of the service is not running'],
  database_unavailable: [503, 'The database does not answer'],
  storage_full: [503, 'There is no room left to store this'],
  publishing_off: [503, 'Publishing is switched off here'],
  blob_store_read_only: [503, 'The blob store does not let this service write'],
  identity_provider_unavailable: [503, 'The identity provider does not answer'],
  management_unavailable: [503, 'The management system does not answer'],
  blob_store_unavailable: [503, 'The blob store does not answer'],
} as const satisfies Record<string, readonly [status: number, title: string]>

export type ErrorCode = keyof typeof errorCodes

/** One fault of a 422: where in the request, and what is wrong there. */
export interface Fault {
  /** Dotted path, such as `body.cpes.0` or `query.limit`. */
  readonly path: string
  readonly message: string
}

interface ProblemOptions {
  readonly errors?: readonly Fault[]
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/** An error meant for the caller: its code decides the status, its message is the `detail` they read. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ErrorCode
  readonly status: number
  readonly errors: readonly Fault[] | undefined
  readonly headers: Readonly<Record<string, string>> | undefined

  constructor(code: ErrorCode, detail?: string, options: ProblemOptions = {}) {
    const [status, title] = errorCodes[code]
    super(detail ?? title, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = status
    this.errors = options.errors
    this.headers = options.headers
  }
}

/** `throw problem('not_found', 'No asset has this id.')` */
export const problem = (code: ErrorCode, detail?: string, options?: ProblemOptions): Problem =>
  new Problem(code, detail, options)
