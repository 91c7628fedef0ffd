import { createSecretKey, type KeyObject } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { newId } from '../data/id.ts'
import { Problem, problem } from '../errors.ts'

/** The settings that tokens are made by. */
export interface TokenSettings {
  readonly SECRET_KEY: string
  /** The SECRET_KEY before the last change: still verifies, never signs. */
  readonly SECRET_KEY_PREVIOUS?: string | undefined
  readonly ACCESS_TOKEN_EXPIRE_MINUTES: number
  readonly REFRESH_TOKEN_EXPIRE_DAYS: number
}

/** What a token is for: one kind is never taken for the other. */
export type TokenType = 'access' | 'refresh'

/** Whom a token speaks for. */
export interface TokenSubject {
  readonly userId: string
  readonly tenantId: string
  /** The log-in it belongs to: the family id of its refresh tokens. */
  readonly sessionId: string
}

/** What a token says of the log-in behind it, beside whose it is. */
export interface TokenDetails {
  /** `amr` of RFC 8176: how somebody showed who they are. */
  readonly methods?: readonly string[]
  /** True for operators of the platform. */
  readonly platformAdmin?: boolean
}

/** A token that was signed now. */
export interface IssuedToken {
  readonly token: string
  readonly expiresAt: Date
}

/** What a token says, once its signature, time, issuer, audience and type are right. */
export interface TokenClaims extends TokenSubject {
  /** Epoch milliseconds. */
  readonly expiresAt: number
  /** The token says that it is an operator's; never enough by itself. */
  readonly platformAdmin?: true
}

const ISSUER = 'monozu-cloud'
const AUDIENCE = 'cloud-api'
/** No token of ours comes near it. */
const LONGEST_TOKEN = 4096
/** How far the clocks of two instances may be apart. */
const CLOCKS_APART_SECONDS = 60

/** Signs and checks access and refresh tokens: JWT (RFC 7519), HS256 with SECRET_KEY, claims as contract 15.2 says. */
export class Tokens {
  readonly #keys: readonly [current: KeyObject, ...previous: KeyObject[]]
  readonly #seconds: Readonly<Record<TokenType, number>>

  constructor(settings: TokenSettings) {
    const previous = settings.SECRET_KEY_PREVIOUS
    this.#keys = [secretKey(settings.SECRET_KEY), ...(previous === undefined ? [] : [secretKey(previous)])]
    this.#seconds = {
      access: settings.ACCESS_TOKEN_EXPIRE_MINUTES * 60,
      refresh: settings.REFRESH_TOKEN_EXPIRE_DAYS * 86_400,
    }
  }

  /** Seconds that a token of this type lives. */
  lifetime(type: TokenType): number {
    return this.#seconds[type]
  }

  issue(
    type: TokenType,
    { userId, tenantId, sessionId }: TokenSubject,
    now: Date,
    { methods, platformAdmin }: TokenDetails = {},
  ): IssuedToken {
    const iat = seconds(now)
    const exp = iat + this.#seconds[type]
    const claims = {
      sub: userId,
      user_id: userId,
      tenant_id: tenantId,
      sid: sessionId,
      jti: newId(),
      iat,
      exp,
      iss: ISSUER,
      aud: AUDIENCE,
      typ: type,
      ...(methods ? { amr: methods } : {}),
      ...(platformAdmin ? { platform_admin: true } : {}),
    }
    return { token: jwt.sign(claims, this.#keys[0], { algorithm: 'HS256' }), expiresAt: new Date(exp * 1000) }
  }

  /** @throws Problem `unauthenticated` */
  verify(type: TokenType, token: string, now: Date): TokenClaims {
    const claims = this.#open(token, now)
    const { sub, tenant_id, sid, exp, typ } = claims
    if (typ !== type)
      throw problem('unauthenticated', `This is not ${type === 'access' ? 'an access' : 'a refresh'} token.`)
    if (!isText(sub) || !isText(tenant_id) || !isText(sid) || typeof exp !== 'number') {
      throw problem('unauthenticated', 'The token lacks a claim.')
    }
    return {
      userId: sub,
      tenantId: tenant_id,
      sessionId: sid,
      expiresAt: exp * 1000,
      ...(claims.platform_admin === true ? { platformAdmin: true as const } : {}),
    }
  }

  #open(token: string, now: Date): jwt.JwtPayload {
    if (token.length > LONGEST_TOKEN) throw problem('unauthenticated', 'The token is not valid.')
    const options = {
      algorithms: ['HS256' as const],
      issuer: ISSUER,
      audience: AUDIENCE,
      clockTimestamp: seconds(now),
      complete: true as const,
    }
    for (const [index, key] of this.#keys.entries()) {
      try {
        const { header, payload } = jwt.verify(token, key, options)
        if (typeof payload === 'object') return ours(header, payload, seconds(now))
      } catch (error) {
        if (error instanceof Problem) throw error
        const mayFitNextKey = (error as Error).message === 'invalid signature' && index + 1 < this.#keys.length
        if (!mayFitNextKey) throw refusal(error as Error)
      }
    }
    throw problem('unauthenticated', 'The token is not valid.')
  }
}

/**
 * Refuses what this server never signs, even under its own key: headers that name keys or ask to be understood (RFC 7515,
 * 4.1), and tokens made in the future.
 */
function ours(header: jwt.JwtHeader, payload: jwt.JwtPayload, now: number): jwt.JwtPayload {
  const plain = header.typ === 'JWT' && Object.keys(header).length === 2
  const made = payload.iat
  if (plain && typeof made === 'number' && made <= now + CLOCKS_APART_SECONDS) return payload
  throw problem('unauthenticated', 'The token is not valid.')
}

const seconds = (time: Date): number => Math.floor(time.getTime() / 1000)
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const secretKey = (secret: string): KeyObject => createSecretKey(Buffer.from(secret, 'utf8'))

const refusal = (error: Error): Error =>
  problem('unauthenticated', error.name === 'TokenExpiredError' ? 'The token has expired.' : 'The token is not valid.')
