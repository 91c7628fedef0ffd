import type { RequestFacts } from '../contract.ts'
import { problem } from '../errors.ts'

/**
 * Keeps other sites from using the refresh cookie of whoever visits them: a browser says where a request comes from,
 * and that must be the API itself or one of `ALLOW_ORIGINS`. What is no browser sends no `Origin`, and has no cookies
 * of others either.
 * @throws Problem `origin_not_allowed`
 */
export function requireAllowedOrigin(request: Pick<RequestFacts, 'header'>, allowed: readonly string[]): void {
  const origin = request.header('Origin')
  if (origin === '') {
    const site = request.header('Sec-Fetch-Site')
    if (site === '' || site === 'same-origin' || site === 'none') return
    throw problem('origin_not_allowed', 'The browser says that another site sent this request, but not which.')
  }
  if (allowed.includes(origin)) return
  if (URL.canParse(origin) && new URL(origin).host === request.header('Host').toLowerCase()) return
  throw problem('origin_not_allowed', `Requests from ${origin.slice(0, 200)} are not allowed; see ALLOW_ORIGINS.`)
}
