import test from 'ava'
import { parseSettings, SettingsError } from '../../../config/parse-settings.ts'
import { kernelSettings } from '../../../config/schema.ts'

const parse = (env: Record<string, string>) => parseSettings({ kernel: kernelSettings }, env).kernel

test('telemetry is off by default, and what is not set has the defaults of OpenTelemetry', t => {
  t.like(parse({}), {
    OTEL_EXPORTER_OTLP_ENDPOINT: undefined,
    APPLICATIONINSIGHTS_CONNECTION_STRING: undefined,
    OTEL_TRACES_SAMPLER: 'parentbased_always_on',
    OTEL_TRACES_SAMPLER_ARG: 1,
    OTEL_METRIC_EXPORT_INTERVAL: 60_000,
  })
  t.is(parse({ OTEL_TRACES_SAMPLER_ARG: '0.05' }).OTEL_TRACES_SAMPLER_ARG, 0.05)
})

const refused: readonly (readonly [name: string, value: string])[] = [
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'localhost:4318'],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'api-key'],
  ['OTEL_RESOURCE_ATTRIBUTES', 'production'],
  ['OTEL_TRACES_SAMPLER', 'sometimes'],
  ['OTEL_TRACES_SAMPLER_ARG', '1.5'],
  ['OTEL_METRIC_EXPORT_INTERVAL', '10'],
  ['APPLICATIONINSIGHTS_CONNECTION_STRING', 'IngestionEndpoint=https://example.com'],
]

for (const [name, value] of refused) {
  test(`${name} refuses ${value}`, t => {
    const error = t.throws(() => parse({ [name]: value }), { instanceOf: SettingsError })
    t.true(error.message.includes(name))
  })
}

test('headers and the connection string are never shown', t => {
  for (const name of ['OTEL_EXPORTER_OTLP_HEADERS', 'APPLICATIONINSIGHTS_CONNECTION_STRING']) {
    const error = t.throws(() => parse({ [name]: 'hush-hush' }), { instanceOf: SettingsError })
    t.false(error.message.includes('hush-hush'))
  }
})
