import { AsyncLocalStorage } from 'node:async_hooks'
import type { Readable } from 'node:stream'
import type { Attributes, Context, Link, Span, SpanContext, SpanOptions, Tracer } from '@opentelemetry/api'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type Koa from 'koa'
import type { Database } from '../../db/database.ts'
import type { Problem } from '../errors.ts'
import type { RequestState } from '../http/request-state.ts'
import { traceParentOf } from '../http/trace-parent.ts'
import type { Outcome as JobOutcome } from '../jobs/execution.ts'
import type { LogTap } from '../log/create-logger.ts'
import { errorFields } from '../log/error-fields.ts'
import type { Gauges } from './gauges.ts'
import type { Instruments } from './instruments.ts'
import { createLogTap, type EmitLine } from './log-tap.ts'
import { shapeOf } from './statement-shape.ts'
import type { DeliveryFacts, FrameFacts, JobFacts, Telemetry, TransitionFacts, Watched } from './telemetry.ts'

/** What a span stands for while it is open. */
interface Work {
  readonly span: Span
  readonly context: Context
  /** SQL statements sent for it. */
  statements: number
  /** Its end has come: what still runs in its name is background work, and no part of it. */
  over: boolean
}

/** What telemetry is made of. */
export interface TelemetryParts {
  readonly tracer: Tracer
  readonly instruments: Instruments
  readonly gauges: Gauges
  readonly emit: EmitLine
  /** Sends what is left and closes; may take as long as it likes. */
  close(): Promise<void>
}

/** Statements of one work that are spans, so that an import of a million rows is no trace of a million spans. */
const MOST_STATEMENTS = 200
/** Origins of events and runs that are kept in mind. */
const MOST_MADE = 2_000
/** States that a plugin goes through; it stays in the others. */
const passing: ReadonlySet<string> = new Set(['migrating', 'starting', 'draining'])

/** Telemetry on the OpenTelemetry SDK. Context flows with AsyncLocalStorage; nothing of it is global. */
export class OpenTelemetry implements Telemetry {
  readonly tap: LogTap
  readonly #parts: TelemetryParts
  readonly #under = new AsyncLocalStorage<Work | undefined>()
  readonly #made = new Map<string, SpanContext>()
  #system = 'other_sql'

  constructor(parts: TelemetryParts) {
    this.#parts = parts
    this.tap = createLogTap({
      current: () => this.#current?.context,
      emit: parts.emit,
      errors: parts.instruments['monozu.log.errors'],
    })
  }

  async request(ctx: Koa.Context, serve: (ctx: Koa.Context) => Promise<void>): Promise<void> {
    if (ctx.path.startsWith('/health/')) return serve(ctx)
    const { tracer, instruments } = this.#parts
    const began = performance.now()
    const method = { 'http.request.method': ctx.method }
    const state = ctx.state as RequestState & { error?: string }
    const caller = traceParentOf(ctx.req.headers)
    const parent = caller ? trace.setSpanContext(ROOT_CONTEXT, { ...caller, isRemote: true }) : ROOT_CONTEXT
    const span = tracer.startSpan(ctx.method, { kind: SpanKind.SERVER, attributes: method }, parent)
    const { traceId, spanId } = span.spanContext()
    state.traceId = traceId
    state.spanId = spanId
    const work: Work = { span, context: trace.setSpan(parent, span), statements: 0, over: false }
    instruments['http.server.active_requests'].add(1, method)
    const end = (): void => {
      instruments['http.server.active_requests'].add(-1, method)
      const attributes: Attributes = { ...method, 'http.response.status_code': ctx.status }
      if (state.route !== undefined) attributes['http.route'] = state.route
      if (state.plugin !== undefined) attributes['monozu.plugin'] = state.plugin
      if (state.error !== undefined) attributes['error.type'] = state.error
      instruments['http.server.request.duration'].record((performance.now() - began) / 1000, attributes)
      work.over = true
      if (!span.isRecording()) return
      if (state.route !== undefined) span.updateName(`${ctx.method} ${state.route}`)
      span.setAttributes(attributes)
      span.setAttribute('monozu.statements', work.statements)
      if (state.tenantId !== undefined) span.setAttribute('monozu.tenant_id', state.tenantId)
      if (state.actorId !== undefined) span.setAttribute('enduser.id', state.actorId)
      if (ctx.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
    }
    try {
      await this.#under.run(work, serve, ctx)
    } finally {
      const body: unknown = ctx.body
      if (isStream(body)) {
        this.#follow(body, work)
        ctx.res.once('close', end)
      } else end()
    }
  }

  async statement<T>(sql: string, run: () => Promise<T>): Promise<T> {
    const { tracer, instruments } = this.#parts
    const { name, operation, table, text } = shapeOf(sql)
    const work = this.#current
    const attributes: Attributes = { 'db.system.name': this.#system, 'db.operation.name': operation }
    if (table !== undefined) attributes['db.collection.name'] = table
    const span =
      work && ++work.statements <= MOST_STATEMENTS && work.span.isRecording()
        ? tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, work.context)
        : undefined
    span?.setAttribute('db.query.text', text)
    const began = performance.now()
    try {
      return await run()
    } catch (error) {
      attributes['error.type'] = codeOf(error)
      span?.setAttribute('error.type', codeOf(error))
      if (span) fail(span, error)
      throw error
    } finally {
      instruments['db.client.operation.duration'].record((performance.now() - began) / 1000, attributes)
      span?.end()
    }
  }

  job({ id, plugin, name, tenantId, attempts }: JobFacts, work: () => Promise<JobOutcome>): Promise<JobOutcome> {
    const attributes = { 'monozu.plugin': plugin, 'monozu.job': name }
    const more = { 'monozu.job.run_id': id, 'monozu.job.attempt': attempts, ...tenant(tenantId) }
    const options = { kind: SpanKind.CONSUMER, attributes: { ...attributes, ...more }, links: this.#linksTo(id) }
    return this.#alone(`job ${plugin}/${name}`, options, async span => {
      const began = performance.now()
      let outcome: JobOutcome | 'error' = 'error'
      try {
        outcome = await work()
        span.setAttribute('monozu.job.outcome', outcome)
        if (outcome === 'failed') span.setStatus({ code: SpanStatusCode.ERROR })
        return outcome
      } finally {
        const measured = { ...attributes, 'monozu.job.outcome': outcome }
        this.#parts.instruments['monozu.job.duration'].record((performance.now() - began) / 1000, measured)
      }
    })
  }

  delivery<T>(facts: DeliveryFacts, work: () => Promise<T>): Promise<T> {
    const { plugin, event, eventId, tenantId, attempt, last } = facts
    const attributes = { 'monozu.plugin': plugin, 'monozu.event': event }
    const more = { 'monozu.event.id': eventId, 'monozu.event.attempt': attempt, ...tenant(tenantId ?? null) }
    const options = { kind: SpanKind.CONSUMER, attributes: { ...attributes, ...more }, links: this.#linksTo(eventId) }
    return this.#alone(`event ${event} to ${plugin}`, options, async span => {
      const began = performance.now()
      let outcome = last ? 'dead' : 'failed'
      try {
        const result = await work()
        if (result instanceof Error) fail(span, result)
        else outcome = typeof result === 'string' ? result : 'delivered'
        span.setAttribute('monozu.event.outcome', outcome)
        return result
      } finally {
        const measured = { ...attributes, 'monozu.event.outcome': outcome }
        this.#parts.instruments['monozu.event.delivery.duration'].record((performance.now() - began) / 1000, measured)
      }
    })
  }

  frame(facts: FrameFacts, work: () => Promise<Problem | undefined>): Promise<Problem | undefined> {
    const { channel, type, plugin, tenantId, actorId } = facts
    const attributes = { 'monozu.channel': channel, 'monozu.frame': type, 'monozu.plugin': plugin }
    const options = { kind: SpanKind.SERVER, attributes: { ...attributes, ...tenant(tenantId), 'enduser.id': actorId } }
    return this.#alone(`frame ${channel}.${type}`, options, async span => {
      const began = performance.now()
      const wrong = await work()
      const measured: Attributes = { ...attributes }
      if (wrong) {
        measured['error.type'] = wrong.code
        span.setAttribute('error.type', wrong.code)
        if (wrong.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      }
      this.#parts.instruments['monozu.frame.duration'].record((performance.now() - began) / 1000, measured)
      return wrong
    })
  }

  transition({ plugin, from, to, ms, error }: TransitionFacts): void {
    const end = Date.now()
    const attributes = { 'monozu.plugin': plugin, 'monozu.plugin.from': from, 'monozu.plugin.to': to }
    const startTime = passing.has(from) ? end - ms : end
    const span = this.#parts.tracer.startSpan(
      `plugin ${plugin}: ${from} → ${to}`,
      { startTime, attributes },
      ROOT_CONTEXT,
    )
    if (error) fail(span, error)
    span.end(end)
  }

  traceId(): string | undefined {
    return this.#current?.span.spanContext().traceId
  }

  made(id: string): void {
    const work = this.#current
    if (!work) return
    const oldest = this.#made.size < MOST_MADE ? undefined : this.#made.keys().next().value
    if (oldest !== undefined) this.#made.delete(oldest)
    this.#made.set(id, work.span.spanContext())
  }

  apart(work: () => void): void {
    this.#under.run(undefined, work)
  }

  observe(database: Database): void {
    this.#system = database.dialect.name === 'sqlite' ? 'sqlite' : 'microsoft.sql_server'
    database.observe?.(this)
  }

  watch(watched: Watched): void {
    this.#parts.gauges.watch(watched)
  }

  unwatch(): void {
    this.#parts.gauges.unwatch()
  }

  async stop(withinMs: number): Promise<void> {
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, withinMs)
    await Promise.race([this.#parts.close().catch(() => undefined), late.promise])
    clearTimeout(timer)
  }

  get #current(): Work | undefined {
    const work = this.#under.getStore()
    return work?.over === false ? work : undefined
  }

  /** Runs work as the root of a trace. */
  async #alone<T>(name: string, options: SpanOptions, run: (span: Span) => Promise<T>): Promise<T> {
    const span = this.#parts.tracer.startSpan(name, options, ROOT_CONTEXT)
    const work: Work = { span, context: trace.setSpan(ROOT_CONTEXT, span), statements: 0, over: false }
    try {
      return await this.#under.run(work, run, span)
    } catch (error) {
      fail(span, error)
      throw error
    } finally {
      work.over = true
      span.setAttribute('monozu.statements', work.statements)
      span.end()
    }
  }

  /** A streamed answer is read after its handler has ended, by the socket: what it asks the database is its own. */
  #follow(body: Readable, work: Work): void {
    const read = body._read
    body._read = size => this.#under.run(work, () => read.call(body, size))
  }

  #linksTo(id: string): Link[] {
    const context = this.#made.get(id)
    return context ? [{ context }] : []
  }
}

const tenant = (id: string | null): Attributes => (id === null ? {} : { 'monozu.tenant_id': id })

/** Says why work failed in the words that a log line may have. */
function fail(span: Span, error: unknown): void {
  const { message, name } = errorFields(error instanceof Error ? error : new Error(String(error)))
  span.setAttribute('error.type', codeOf(error) || name)
  span.setStatus({ code: SpanStatusCode.ERROR, message })
}

function codeOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }
  return typeof code === 'string' || typeof code === 'number' ? String(code) : String(name ?? 'Error')
}

const isStream = (body: unknown): body is Readable =>
  typeof body === 'object' && body !== null && '_read' in body && typeof body._read === 'function'
