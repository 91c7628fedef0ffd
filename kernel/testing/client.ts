import type Koa from 'koa'
import inject, { type Response } from 'light-my-request'

/** An answer, with its JSON body read. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>
  /** The JSON body; undefined when there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever the API answered
  readonly body: any
  readonly text: string
}

type Headers = Readonly<Record<string, string>>

/** Sends requests to an app without a port. Paths are below `/api/v1` unless they start with another root. */
export class Client {
  readonly #serve: ReturnType<Koa['callback']>
  readonly #headers: Headers

  constructor(app: Koa, headers: Headers = {}) {
    this.#serve = app.callback()
    this.#headers = headers
  }

  /** The headers that every request of this client carries. */
  get headers(): Headers {
    return this.#headers
  }

  get(path: string, headers?: Headers): Promise<Answer> {
    return this.request('GET', path, undefined, headers)
  }

  post(path: string, body?: unknown, headers?: Headers): Promise<Answer> {
    return this.request('POST', path, body, headers)
  }

  put(path: string, body?: unknown, headers?: Headers): Promise<Answer> {
    return this.request('PUT', path, body, headers)
  }

  patch(path: string, body?: unknown, headers?: Headers): Promise<Answer> {
    return this.request('PATCH', path, body, headers)
  }

  delete(path: string, headers?: Headers): Promise<Answer> {
    return this.request('DELETE', path, undefined, headers)
  }

  /** A string or Buffer is sent as it is, with the content type from `headers`; anything else as JSON. */
  async request(method: string, path: string, body?: unknown, headers: Headers = {}): Promise<Answer> {
    const plain = typeof body === 'string' || Buffer.isBuffer(body)
    const response: Response = await inject(this.#serve as never, {
      method: method as 'GET',
      url: /^\/((api|internal|v1|health|docs)(\/|$)|openapi\.json|asyncapi\.json)/.test(path) ? path : `/api/v1${path}`,
      headers: {
        ...this.#headers,
        ...(body === undefined || plain ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: plain ? body : JSON.stringify(body) }),
    })
    const json = String(response.headers['content-type']).includes('json') && response.payload !== ''
    return {
      status: response.statusCode,
      headers: response.headers,
      text: response.payload,
      body: json ? JSON.parse(response.payload) : undefined,
    }
  }
}
