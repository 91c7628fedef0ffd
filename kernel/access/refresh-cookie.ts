import type { RequestFacts } from '../contract.ts'

/** Name of the cookie that carries the refresh token. */
export const REFRESH_COOKIE = 'refresh_token'

/** The settings that decide how the cookie is set. */
export interface CookieSettings {
  readonly production: boolean
  readonly REFRESH_COOKIE_SAMESITE: 'strict' | 'lax' | 'none'
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i
const SAME_SITE = { strict: 'Strict', lax: 'Lax', none: 'None' } as const

/**
 * `Set-Cookie` for a refresh token (RFC 6265bis): out of reach of scripts, sent to the log-in routes only. It is
 * `Secure` except outside production on a loopback name over plain HTTP, where some browsers would drop it.
 */
export function refreshCookie(
  token: string,
  maxAgeSeconds: number,
  settings: CookieSettings,
  request: RequestFacts,
): string {
  const attributes = [
    `${REFRESH_COOKIE}=${token}`,
    `Max-Age=${maxAgeSeconds}`,
    'Path=/api/v1/auth',
    'HttpOnly',
    `SameSite=${SAME_SITE[settings.REFRESH_COOKIE_SAMESITE]}`,
  ]
  if (!isPlainLoopback(settings, request)) attributes.push('Secure')
  return attributes.join('; ')
}

/** `Set-Cookie` that takes the cookie away. */
export const clearedCookie = (settings: CookieSettings, request: RequestFacts): string =>
  refreshCookie('', 0, settings, request)

/** True where a cookie that is `Secure` would be lost: outside production, on a loopback name over plain HTTP. */
export const isPlainLoopback = (settings: CookieSettings, request: RequestFacts): boolean =>
  !settings.production &&
  settings.REFRESH_COOKIE_SAMESITE !== 'none' &&
  LOOPBACK.test(request.header('Host')) &&
  request.header('X-Forwarded-Proto') !== 'https'
