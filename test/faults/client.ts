import { Agent, type IncomingHttpHeaders, request } from 'node:http'

/** An answer that came over a socket. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever the API answered
  readonly body: any
}

type Headers = Readonly<Record<string, string>>

/**
 * Sends requests over connections that stay open, as a balancer or an app does. Nothing is repeated: what fails on the
 * socket rejects. Paths are below `/api/v1` unless they start with another root.
 */
export class Client {
  readonly url: string
  readonly #headers: Headers
  readonly #agent: Agent

  constructor(url: string, headers: Headers = {}, agent = new Agent({ keepAlive: true })) {
    this.url = url
    this.#headers = headers
    this.#agent = agent
  }

  /** What every request of this client carries. */
  get headers(): Headers {
    return this.#headers
  }

  get(path: string, headers?: Headers): Promise<Answer> {
    return this.send('GET', path, undefined, headers)
  }

  post(path: string, body?: unknown, headers?: Headers): Promise<Answer> {
    return this.send('POST', path, body, headers)
  }

  /** The same caller at another address: tokens are good on every instance. */
  at(url: string): Client {
    return new Client(url, this.#headers)
  }

  send(method: string, path: string, body?: unknown, headers: Headers = {}): Promise<Answer> {
    const target = /^\/(api|internal|v1|health|openapi\.json)/.test(path) ? path : `/api/v1${path}`
    const payload = body === undefined ? undefined : JSON.stringify(body)
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const sent = request(`${this.url}${target}`, {
      method,
      agent: this.#agent,
      headers: {
        ...this.#headers,
        ...(payload === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)) }),
        ...headers,
      },
    })
    sent.on('error', reject)
    sent.on('response', response => {
      const parts: Buffer[] = []
      response.on('error', reject)
      response.on('data', part => parts.push(part))
      response.on('end', () => {
        const text = Buffer.concat(parts).toString()
        const json = String(response.headers['content-type']).includes('json') && text !== ''
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: json ? JSON.parse(text) : text,
        })
      })
    })
    sent.end(payload)
    return promise
  }

  close(): void {
    this.#agent.destroy()
  }
}
