import { createSecretKey, type KeyObject } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { newId } from '../data/id.ts'
import { problem } from '../errors.ts'

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

/** A token that was signed now. */
export interface IssuedToken {
  readonly token: string
  readonly expiresAt: Date
}

/** What a token says, once its signature, time, issuer, audience and type are right. */
export interface TokenClaims extends TokenSubject {
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

const ISSUER = 'monozu-cloud'
const AUDIENCE = 'cloud-api'

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

  issue(type: TokenType, { userId, tenantId, sessionId }: TokenSubject, now: Date): IssuedToken {
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
    return { userId: sub, tenantId: tenant_id, sessionId: sid, expiresAt: exp * 1000 }
  }

  #open(token: string, now: Date): jwt.JwtPayload {
    const options = {
      algorithms: ['HS256' as const],
      issuer: ISSUER,
      audience: AUDIENCE,
      clockTimestamp: seconds(now),
    }
    for (const [index, key] of this.#keys.entries()) {
      try {
        const claims = jwt.verify(token, key, options)
        if (typeof claims === 'object') return claims
      } catch (error) {
        const mayFitNextKey = (error as Error).message === 'invalid signature' && index + 1 < this.#keys.length
        if (!mayFitNextKey) throw refusal(error as Error)
      }
    }
    throw problem('unauthenticated', 'The token is not valid.')
  }
}

const seconds = (time: Date): number => Math.floor(time.getTime() / 1000)
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const secretKey = (secret: string): KeyObject => createSecretKey(Buffer.from(secret, 'utf8'))

const refusal = (error: Error): Error =>
  problem('unauthenticated', error.name === 'TokenExpiredError' ? 'The token has expired.' : 'The token is not valid.')
