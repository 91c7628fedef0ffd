import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { LicenceBook } from './licence-book.ts'

const PATH = /^\/internal\/v1\/tenants\/([^/]+)\/license$/

/** What the server tells of each request, for people. */
export type Heard = (line: string) => void

/**
 * Management's side of `GET /internal/v1/tenants/{cloud_tenant_id}/license`: Cloud asks when it may have missed a webhook.
 * @param token CLOUD_INTERNAL_API_TOKEN
 */
export function managementServer(book: LicenceBook, token: string, heard: Heard = () => undefined): Server {
  return createServer((request, response) => {
    const { method, url = '' } = request
    const answer = (status: number, body: unknown): void => {
      heard(`${method} ${url} ${status}`)
      send(response, status, body)
    }
    const tenantId = PATH.exec(url.split('?')[0] ?? '')?.[1]?.toLowerCase()
    if (tenantId === undefined) return answer(404, { error: 'not_found', detail: 'Nothing answers under this path.' })
    if (method !== 'GET') return answer(405, { error: 'method_not_allowed', detail: 'This path takes GET.' })
    if (!isSame(request.headers['x-internal-token'], token)) {
      return answer(401, { error: 'unauthenticated', detail: 'X-Internal-Token is missing or wrong.' })
    }
    book.find(tenantId).then(
      entry => {
        if (!entry) return answer(404, { error: 'not_found', detail: `There is no licence of ${tenantId}.` })
        const { plan, features, expires_at, issued_at } = entry
        answer(200, { tenant_id: tenantId, plan, features, expires_at, issued_at })
      },
      (error: Error) => {
        heard(error.message)
        answer(500, { error: 'internal', detail: 'The licences cannot be read.' })
      },
    )
  })
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
  response.end(JSON.stringify(body))
}

function isSame(given: string | string[] | undefined, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return typeof given === 'string' && timingSafeEqual(digest(given), digest(token))
}
