import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { LogRecord } from '@opentelemetry/api-logs'
import { keyPairs } from '../../config/key-pairs.ts'
import type { Log } from '../log/log.ts'
import { complaints } from './complaints.ts'
import { openExporters } from './exporters.ts'
import { Gauges } from './gauges.ts'
import { createInstruments } from './instruments.ts'
import { OpenTelemetry } from './open-telemetry.ts'
import { makeSampler } from './sampler.ts'
import type { Telemetry, TelemetrySettings } from './telemetry.ts'

const SCOPE = 'monozu-cloud'
/** Spans and lines that wait to be sent; what comes beyond is dropped. */
const QUEUE = { maxQueueSize: 4_096, maxExportBatchSize: 512, scheduledDelayMillis: 2_000, exportTimeoutMillis: 15_000 }
const LONGEST_METRIC_EXPORT_MS = 15_000

/** Opens the SDK with the receivers that the settings name. Its modules are loaded here, and nowhere before. */
export async function startTelemetry(settings: TelemetrySettings, log: Log, version: string): Promise<Telemetry> {
  const { resourceFromAttributes } = await import('@opentelemetry/resources')
  const { BasicTracerProvider, BatchSpanProcessor } = await import('@opentelemetry/sdk-trace-base')
  const { MeterProvider, PeriodicExportingMetricReader } = await import('@opentelemetry/sdk-metrics')
  const { BatchLogRecordProcessor, LoggerProvider } = await import('@opentelemetry/sdk-logs')

  const complain = complaints(log)
  const exporters = await openExporters(settings, complain)
  const interval = settings.OTEL_METRIC_EXPORT_INTERVAL
  const resource = resourceFromAttributes({
    'host.name': hostname(),
    'process.pid': process.pid,
    'service.instance.id': randomUUID(),
    'service.version': version,
    ...keyPairs(settings.OTEL_RESOURCE_ATTRIBUTES ?? ''),
    'service.name': settings.OTEL_SERVICE_NAME,
  })
  const tracers = new BasicTracerProvider({
    resource,
    sampler: await makeSampler(settings),
    spanProcessors: exporters.map(({ traces }) => new BatchSpanProcessor(traces, QUEUE)),
  })
  const meters = new MeterProvider({
    resource,
    readers: exporters.map(
      ({ metrics }) =>
        new PeriodicExportingMetricReader({
          exporter: metrics,
          exportIntervalMillis: interval,
          exportTimeoutMillis: Math.min(interval, LONGEST_METRIC_EXPORT_MS),
        }),
    ),
  })
  const loggers = new LoggerProvider({
    resource,
    processors: exporters.map(({ logs }) => new BatchLogRecordProcessor({ exporter: logs, ...QUEUE })),
  })
  const meter = meters.getMeter(SCOPE, version)
  const logger = loggers.getLogger(SCOPE, version)
  const gauges = new Gauges(meter, interval / 2, complain)
  return new OpenTelemetry({
    tracer: tracers.getTracer(SCOPE, version),
    instruments: createInstruments(meter),
    gauges,
    emit: (record: LogRecord) => logger.emit(record),
    async close() {
      await Promise.allSettled([tracers.shutdown(), meters.shutdown(), loggers.shutdown()])
      gauges.close()
    },
  })
}
