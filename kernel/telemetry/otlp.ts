import { keyPairs } from '../../config/key-pairs.ts'
import type { Exporters } from './exporters.ts'

const TIMEOUT_MS = 10_000

/**
 * Exporters that speak OTLP/HTTP with JSON, packed with gzip.
 * @param endpoint the base address; `/v1/traces`, `/v1/metrics` and `/v1/logs` are appended
 * @param headers `name=value,name=value`, values percent-encoded
 */
export async function otlpExporters(endpoint: string, headers: string | undefined): Promise<Exporters> {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http')
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-http')
  const { OTLPLogExporter } = await import('@opentelemetry/exporter-logs-otlp-http')
  type Options = NonNullable<ConstructorParameters<typeof OTLPTraceExporter>[0]>
  const options = (signal: string): Options => ({
    url: `${endpoint.replace(/\/+$/, '')}/v1/${signal}`,
    headers: keyPairs(headers ?? ''),
    timeoutMillis: TIMEOUT_MS,
    compression: 'gzip' as NonNullable<Options['compression']>,
  })
  return {
    traces: new OTLPTraceExporter(options('traces')),
    metrics: new OTLPMetricExporter(options('metrics')),
    logs: new OTLPLogExporter(options('logs')),
  }
}
