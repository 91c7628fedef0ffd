import type Koa from 'koa'
import type { Database, StatementObserver } from '../../db/database.ts'
import type { Backplane } from '../backplane/backplane.ts'
import type { Problem } from '../errors.ts'
import type { Outcome as JobOutcome } from '../jobs/execution.ts'
import type { Logging, LogTap } from '../log/create-logger.ts'
import type { Catalogue } from '../plugins/catalogue.ts'
import type { PluginState } from '../plugins/host.ts'
import type { FeatureSnapshot } from '../tenancy/feature-snapshot.ts'
import type { Sockets } from '../ws/sockets.ts'

/** The settings that telemetry reads (see `config/schema.ts`). Without the first two nothing is sent, and nothing loaded. */
export interface TelemetrySettings {
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined
  readonly APPLICATIONINSIGHTS_CONNECTION_STRING?: string | undefined
  readonly OTEL_EXPORTER_OTLP_HEADERS?: string | undefined
  readonly OTEL_SERVICE_NAME: string
  readonly OTEL_RESOURCE_ATTRIBUTES?: string | undefined
  readonly OTEL_TRACES_SAMPLER: TracesSampler
  readonly OTEL_TRACES_SAMPLER_ARG: number
  readonly OTEL_METRIC_EXPORT_INTERVAL: number
}

/** Which traces are recorded, in OpenTelemetry's words; `parentbased`: as the caller decided, if it says so. */
export type TracesSampler =
  | 'always_on'
  | 'always_off'
  | 'traceidratio'
  | 'parentbased_always_on'
  | 'parentbased_always_off'
  | 'parentbased_traceidratio'

/** An attempt of a job. */
export interface JobFacts {
  /** The run's id. */
  readonly id: string
  readonly plugin: string
  readonly name: string
  readonly tenantId: string | null
  readonly attempts: number
}

/** One delivery of an event to one plugin. */
export interface DeliveryFacts {
  readonly plugin: string
  readonly event: string
  readonly eventId: string
  readonly tenantId: string | undefined
  /** 1 the first time. */
  readonly attempt: number
  /** Whether it is given up if this attempt fails. */
  readonly last: boolean
}

/** A frame of a socket, or its opening or closing. */
export interface FrameFacts {
  readonly channel: string
  /** Type of the frame; `opened` and `closed` for the hooks of the channel. */
  readonly type: string
  /** Whose work it is. */
  readonly plugin: string
  readonly tenantId: string
  readonly actorId: string
}

/** A plugin that goes from one state to the next. */
export interface TransitionFacts {
  readonly plugin: string
  readonly from: PluginState
  readonly to: PluginState
  /** Milliseconds it was in `from`. */
  readonly ms: number
  readonly error?: Error | undefined
}

/** What the gauges are read from. */
export interface Watched {
  readonly database: Database
  readonly catalogue: Pick<Catalogue, 'hosts' | 'summary'>
  readonly sockets: Pick<Sockets, 'counts' | 'openOn'>
  readonly backplane: Pick<Backplane, 'counts' | 'fault'>
  features(): FeatureSnapshot
  now(): Date
}

/**
 * Traces, metrics and logs of one kernel. There is none when nothing is to be sent: whoever has work to show asks for it
 * with `telemetry?.`, so that it costs a branch when it is off.
 */
export interface Telemetry extends StatementObserver {
  /** Serves a request inside a server span, which ends with the answer. */
  request(ctx: Koa.Context, serve: (ctx: Koa.Context) => Promise<void>): Promise<void>
  /** Runs an attempt of a job inside a span of a trace of its own. */
  job(facts: JobFacts, work: () => Promise<JobOutcome>): Promise<JobOutcome>
  /** Delivers an event inside a span of a trace of its own. An error that `work` gives back counts as one it throws. */
  delivery<T>(facts: DeliveryFacts, work: () => Promise<T>): Promise<T>
  /** Handles a frame of a socket inside a span of a trace of its own. What it gives back is what was wrong, if anything. */
  frame(facts: FrameFacts, work: () => Promise<Problem | undefined>): Promise<Problem | undefined>
  transition(facts: TransitionFacts): void
  /** The trace of the work under way. */
  traceId(): string | undefined
  /** Keeps in mind which work made an event or a run, so that the spans that follow from it point there. */
  made(id: string): void
  /** Runs what no request waits for, such as a look at the queue, outside the work under way. */
  apart(work: () => void): void
  /** Ties log lines to the work under way, and exports them. */
  readonly tap: LogTap
  /** Shows every statement of a database as a span, and counts them. */
  observe(database: Database): void
  /** Begins to read gauges. Until `unwatch`, each export reads the database once. */
  watch(watched: Watched): void
  /** Reads no gauges any more: call it before the database closes. */
  unwatch(): void
  /** Sends what is left, for at most so many milliseconds. Never throws. */
  stop(withinMs: number): Promise<void>
}

/** Opens what the settings name; undefined, and nothing loaded, when they name nothing. */
export async function openTelemetry(
  settings: TelemetrySettings,
  { log }: Pick<Logging, 'log'>,
  version: string,
): Promise<Telemetry | undefined> {
  if (!settings.OTEL_EXPORTER_OTLP_ENDPOINT && !settings.APPLICATIONINSIGHTS_CONNECTION_STRING) return undefined
  const { startTelemetry } = await import('./start.ts')
  return startTelemetry(settings, log, version)
}
