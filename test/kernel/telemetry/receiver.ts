import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'

type Json = Readonly<Record<string, unknown>>

/** A span, with its attributes as an object. */
export interface SeenSpan {
  readonly name: string
  /** 2 server, 3 client, 5 consumer. */
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly attributes: Json
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  /** 2 is an error. */
  readonly status: { readonly code?: number; readonly message?: string }
  readonly resource: Json
}

/** A log line. */
export interface SeenLine {
  readonly body: string
  readonly severityText: string
  readonly traceId: string | undefined
  readonly spanId: string | undefined
  readonly attributes: Json
}

/** One value of a metric, as it was exported last. */
export interface SeenPoint {
  readonly name: string
  readonly unit: string
  readonly attributes: Json
  /** The value, or the count of a histogram. */
  readonly value: number
}

const WAIT_MS = 20_000

/** An OTLP/HTTP receiver on the loopback that decodes what it gets. */
export class Receiver implements AsyncDisposable {
  readonly spans: SeenSpan[] = []
  readonly lines: SeenLine[] = []
  readonly headers: IncomingMessage['headers'][] = []
  readonly #points = new Map<string, SeenPoint>()
  readonly #server: Server
  #changed = Promise.withResolvers<void>()

  constructor(server: Server) {
    this.#server = server
  }

  /** Its base address. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The values of a metric. */
  points(name: string): SeenPoint[] {
    return [...this.#points.values()].filter(point => point.name === name)
  }

  get metricNames(): string[] {
    return [...new Set([...this.#points.values()].map(({ name }) => name))].sort()
  }

  /** Resolves with what `look` finds, once it finds something. */
  async until<T>(what: string, look: () => T | undefined): Promise<T> {
    const deadline = Date.now() + WAIT_MS
    for (;;) {
      const found = look()
      if (found !== undefined) return found
      const left = deadline - Date.now()
      if (left <= 0)
        throw new Error(`the receiver did not see ${what}; spans: ${this.spans.map(s => s.name).join(', ')}`)
      const timer = Promise.withResolvers<void>()
      const handle = setTimeout(timer.resolve, left)
      await Promise.race([this.#changed.promise, timer.promise])
      clearTimeout(handle)
    }
  }

  /** The first span of this name. */
  span(name: string): Promise<SeenSpan> {
    return this.until(`the span "${name}"`, () => this.spans.find(span => span.name === name))
  }

  async take(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const bytes = await buffer(req)
    const text = req.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes).toString() : bytes.toString()
    this.headers.push(req.headers)
    const body = JSON.parse(text) as Json
    if (req.url === '/v1/traces') this.spans.push(...spansOf(body))
    if (req.url === '/v1/logs') this.lines.push(...linesOf(body))
    if (req.url === '/v1/metrics') {
      for (const point of pointsOf(body)) this.#points.set(`${point.name} ${JSON.stringify(point.attributes)}`, point)
    }
    res.setHeader('Content-Type', 'application/json').end('{}')
    const { resolve } = this.#changed
    this.#changed = Promise.withResolvers()
    resolve()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }
}

/** Starts a receiver. */
export async function startReceiver(): Promise<Receiver> {
  const server = createServer((req, res) => void receiver.take(req, res))
  const receiver = new Receiver(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return receiver
}

const list = (value: unknown): Json[] => (Array.isArray(value) ? value : [])
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** An OTLP AnyValue as what it stands for. */
function plain(value: unknown): unknown {
  const [[kind, held] = ['', undefined]] = Object.entries((value ?? {}) as Json)
  if (kind === 'intValue') return Number(held)
  if (kind === 'arrayValue') return list((held as Json).values).map(plain)
  if (kind === 'kvlistValue') return attributesOf((held as Json).values)
  return held
}

const attributesOf = (pairs: unknown): Json =>
  Object.fromEntries(list(pairs).map(({ key, value }) => [String(key), plain(value)]))

function* scoped(body: Json, resources: string, scopes: string): Generator<{ scope: Json; resource: Json }> {
  for (const one of list(body[resources])) {
    const resource = attributesOf((one.resource as Json | undefined)?.attributes)
    for (const scope of list(one[scopes])) yield { scope, resource }
  }
}

const spansOf = (body: Json): SeenSpan[] =>
  [...scoped(body, 'resourceSpans', 'scopeSpans')].flatMap(({ scope, resource }) =>
    list(scope.spans).map(span => ({
      name: String(span.name),
      kind: Number(span.kind),
      traceId: String(span.traceId),
      spanId: String(span.spanId),
      parentSpanId: text(span.parentSpanId),
      attributes: attributesOf(span.attributes),
      links: list(span.links) as unknown as SeenSpan['links'],
      status: (span.status ?? {}) as SeenSpan['status'],
      resource,
    })),
  )

const linesOf = (body: Json): SeenLine[] =>
  [...scoped(body, 'resourceLogs', 'scopeLogs')].flatMap(({ scope }) =>
    list(scope.logRecords).map(line => ({
      body: String(plain(line.body)),
      severityText: String(line.severityText),
      traceId: text(line.traceId),
      spanId: text(line.spanId),
      attributes: attributesOf(line.attributes),
    })),
  )

const pointsOf = (body: Json): SeenPoint[] =>
  [...scoped(body, 'resourceMetrics', 'scopeMetrics')].flatMap(({ scope }) =>
    list(scope.metrics).flatMap(metric => {
      const data = (metric.gauge ?? metric.sum ?? metric.histogram) as Json
      return list(data.dataPoints).map(point => ({
        name: String(metric.name),
        unit: String(metric.unit),
        attributes: attributesOf(point.attributes),
        value: Number(point.asDouble ?? point.asInt ?? point.count),
      }))
    }),
  )
