import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'

/** What stands in for Management: a server on loopback that answers as a test wants. */
export interface ManagementServer {
  readonly url: string
  /** What it was asked, in order. */
  readonly asked: { readonly url: string; readonly token: string | undefined }[]
  /** How it answers from now on. */
  answer: (request: IncomingMessage, response: ServerResponse) => void
  /** Answers with JSON from now on; what a function gives depends on the tenant. */
  json(body: unknown | ((tenantId: string) => unknown), status?: number): void
}

/** Starts one; it ends with the test. */
export async function managementServer(t: ExecutionContext): Promise<ManagementServer> {
  const http = createServer((request, response) => {
    server.asked.push({ url: request.url ?? '', token: request.headers['x-internal-token']?.toString() })
    server.answer(request, response)
  })
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    http.close()
    http.closeAllConnections()
  })
  const server: ManagementServer = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    asked: [],
    answer: (_request, response) => void response.writeHead(404, { 'content-type': 'application/json' }).end('{}'),
    json(body, status = 200) {
      server.answer = (request, response) => {
        const [, tenantId = ''] = /tenants\/([^/]*)\/license$/.exec(request.url ?? '') ?? []
        const answer = typeof body === 'function' ? body(tenantId) : body
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
      }
    },
  }
  return server
}
