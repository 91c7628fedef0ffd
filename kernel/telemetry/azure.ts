import type { AzureMonitorExporterOptions } from '@azure/monitor-opentelemetry-exporter'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import type { Exporters } from './exporters.ts'

type Policy = NonNullable<AzureMonitorExporterOptions['additionalPolicies']>[number]['policy']
type Done = (result: { readonly code: number; readonly error?: Error }) => void

const TIMEOUT_MS = 10_000
const CLIENT = 2
const CONSUMER = 4
const FAILED = 1

/**
 * Exporters to Application Insights. What cannot be sent is dropped, not kept on the disk, and the exporter's own reports
 * to its maker are off.
 */
export async function azureExporters(connectionString: string): Promise<Exporters> {
  process.env.APPLICATION_INSIGHTS_NO_STATSBEAT ??= 'true'
  const { AzureMonitorTraceExporter, AzureMonitorMetricExporter, AzureMonitorLogExporter } = await import(
    '@azure/monitor-opentelemetry-exporter'
  )
  const shared: AzureMonitorExporterOptions = {
    connectionString,
    disableOfflineStorage: true,
    retryOptions: { maxRetries: 1 },
    ...localEndpoint(connectionString),
  }
  const open = <E extends { export(items: never, done: Done): unknown }>(
    Exporter: new (options: AzureMonitorExporterOptions) => E,
  ): E => {
    const delivery = watchDelivery()
    const exporter = new Exporter({
      ...shared,
      additionalPolicies: [{ policy: delivery.policy, position: 'perRetry' }],
    })
    const send = exporter.export.bind(exporter)
    exporter.export = (items, done) =>
      send(items, result =>
        done(result.code === 0 && delivery.failure ? { code: FAILED, error: delivery.failure } : result),
      )
    return exporter
  }
  const exporters = {
    traces: open(AzureMonitorTraceExporter),
    metrics: open(AzureMonitorMetricExporter),
    logs: open(AzureMonitorLogExporter),
  }
  const send = exporters.traces.export.bind(exporters.traces)
  exporters.traces.export = (spans, done) => send(spans.map(forAzure), done)
  await stopRemoteSettings()
  return exporters
}

/** Their client waits for an answer without end, and calls a success what it could not deliver. */
function watchDelivery(): { readonly policy: Policy; failure: Error | undefined } {
  const delivery: { readonly policy: Policy; failure: Error | undefined } = {
    failure: undefined,
    policy: {
      name: 'monozuDelivery',
      async sendRequest(request, next) {
        request.timeout = TIMEOUT_MS
        try {
          const response = await next(request)
          delivery.failure = response.status < 400 ? undefined : new Error(`it answers ${response.status}`)
          return response
        } catch (error) {
          delivery.failure = error as Error
          throw error
        }
      },
    },
  }
  return delivery
}

/** Their client makes `https` of every address; a relay on the same machine is taken as it is written. */
function localEndpoint(
  connectionString: string,
): Pick<AzureMonitorExporterOptions, 'host' | 'allowInsecureConnection'> {
  const [, host] =
    /IngestionEndpoint\s*=\s*(http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?)/i.exec(connectionString) ?? []
  return host === undefined ? {} : { host, allowInsecureConnection: true }
}

/**
 * Every exporter begins to ask settings.sdk.monitor.azure.com for settings of its own, hourly, and has no switch for it:
 * the part that does so is stopped where it lives. A later version may have moved it; then it asks.
 */
async function stopRemoteSettings(): Promise<void> {
  try {
    const entry = import.meta.resolve('@azure/monitor-opentelemetry-exporter')
    const { ConfigurationManager } = await import(new URL('_configuration/configurationManager.js', entry).href)
    ConfigurationManager.getInstance().shutdown()
  } catch {
    // It is a matter of quiet, not of function.
  }
}

/** The exporter reads the names that database attributes had before they were settled, and names only HTTP requests. */
function forAzure(span: ReadableSpan): ReadableSpan {
  if (span.kind === CONSUMER) return withAttributes(span, { 'ai.operation.name': span.name })
  const system = span.attributes['db.system.name']
  if (span.kind !== CLIENT || system === undefined) return span
  return withAttributes(span, {
    'db.system': system === 'microsoft.sql_server' ? 'mssql' : system,
    'db.statement': span.attributes['db.query.text'],
  })
}

const withAttributes = (span: ReadableSpan, more: ReadableSpan['attributes']): ReadableSpan =>
  Object.create(span, { attributes: { value: { ...span.attributes, ...more } } })
