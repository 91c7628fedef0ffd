import type { IDToken, UserInfoResponse } from 'openid-client'
import { z } from 'zod'
import { emailAddress } from '../email.ts'

/** Who an identity provider says that somebody is. */
export interface Person {
  /** `iss` of the ID token: for Entra the one of the person's directory. */
  readonly issuer: string
  /** Never given to anybody else by this issuer: Entra's object id, for others `sub`. */
  readonly subject: string
  readonly name: string | undefined
  readonly email: string | undefined
  /**
   * What the provider says of the address: it was proven, it was not, or nothing. Entra's word is `xms_edov` alone: its
   * `email` claim can be set to anything by the administrator of any directory.
   */
  readonly emailVerified: boolean | undefined
  /** The Entra directory, by its id. */
  readonly entraTenantId: string | undefined
  /** More than one factor was asked for there (RFC 8176). */
  readonly mfa: boolean
}

const text = z.string().trim().min(1)
const isTrue = (claim: unknown): boolean => claim === true || claim === 1 || claim === '1' || claim === 'true'

/**
 * Reads checked claims.
 * @param more what the provider's user info adds, where the ID token has no address
 */
export function personOf(claims: IDToken, more: UserInfoResponse | undefined): Person {
  const all: Record<string, unknown> = { ...more, ...claims }
  const tid = z.guid().toLowerCase().safeParse(claims.tid)
  const isEntra = tid.success && claims.iss.toLowerCase().includes(`/${tid.data}/`)
  const email = emailAddress.safeParse(all.email ?? (isEntra ? all.preferred_username : undefined))
  const objectId = z.guid().safeParse(claims.oid)
  return {
    issuer: claims.iss,
    subject: isEntra && objectId.success ? objectId.data.toLowerCase() : claims.sub,
    name: nameOf(all),
    email: email.success ? email.data : undefined,
    emailVerified: isEntra ? isTrue(claims.xms_edov) && all.email !== undefined : verifiedOf(all.email_verified),
    entraTenantId: isEntra ? tid.data : undefined,
    mfa: Array.isArray(claims.amr) && claims.amr.includes('mfa'),
  }
}

const verifiedOf = (claim: unknown): boolean | undefined => (claim === undefined ? undefined : isTrue(claim))

/** A name to show, in one line. */
function nameOf(claims: Record<string, unknown>): string | undefined {
  const whole = [claims.given_name, claims.family_name].filter(part => typeof part === 'string').join(' ')
  for (const given of [claims.name, whole, claims.preferred_username]) {
    const name = text.safeParse(typeof given === 'string' ? given.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ') : given)
    if (name.success) return name.data.slice(0, 200)
  }
  return undefined
}
