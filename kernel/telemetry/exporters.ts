import type { LogRecordExporter } from '@opentelemetry/sdk-logs'
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics'
import type { SpanExporter } from '@opentelemetry/sdk-trace-base'
import { azureExporters } from './azure.ts'
import type { Complain } from './complaints.ts'
import { otlpExporters } from './otlp.ts'
import type { TelemetrySettings } from './telemetry.ts'
import { watchExporter } from './watched-exporter.ts'

/** Where traces, metrics and logs go. */
export interface Exporters {
  readonly traces: SpanExporter
  readonly metrics: PushMetricExporter
  readonly logs: LogRecordExporter
}

/** The receivers that the settings name: one, or both at the same time. */
export async function openExporters(settings: TelemetrySettings, complain: Complain): Promise<Exporters[]> {
  const {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: headers,
    APPLICATIONINSIGHTS_CONNECTION_STRING: connection,
  } = settings
  const opened: Exporters[] = []
  if (endpoint) opened.push(watched(await otlpExporters(endpoint, headers), 'OTLP', complain))
  if (connection) opened.push(watched(await azureExporters(connection), 'Application Insights', complain))
  return opened
}

const watched = ({ traces, metrics, logs }: Exporters, to: string, complain: Complain): Exporters => ({
  traces: watchExporter(traces, `sending traces to ${to}`, complain),
  metrics: watchExporter(metrics, `sending metrics to ${to}`, complain),
  logs: watchExporter(logs, `sending logs to ${to}`, complain),
})
