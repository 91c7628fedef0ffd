import jwt from 'jsonwebtoken'
import { sampleTenant } from './sample.ts'

/** The claims of the token that the hand-written servers accept. */
export interface BenchClaims {
  sub: string
  tid: string
}

/** The HS256 secret of the hand-written servers: a string, as most projects keep it. */
export const benchSecret = 'a-secret-of-the-benchmark-that-guards-nothing-at-all'

const user = '01900000-0000-7000-8000-00000000b001'

/** Permissions by user: the one look-up that the hand-written servers make. */
export const benchPermissions: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [user, new Set(['assets:read', 'assets:create', 'assets:update', 'assets:delete', 'sites:read'])],
])

/** An access token for the sample tenant, good for a day. */
export function benchToken(): string {
  return jwt.sign({ sub: user, tid: sampleTenant }, benchSecret, { algorithm: 'HS256', expiresIn: '1d' })
}

/** The claims in a verified token, or undefined when it lacks them. */
export function benchClaims(verified: string | jwt.JwtPayload): BenchClaims | undefined {
  if (typeof verified === 'string') return undefined
  const { sub, tid } = verified
  return typeof sub === 'string' && typeof tid === 'string' ? { sub, tid } : undefined
}
