import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'

const loaded = path.join(import.meta.dirname, 'loaded-modules.ts')
const run = async (env: Record<string, string>): Promise<{ modules: string[]; status: number }> => {
  const { DATABASE_URL: _, ...own } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, [loaded], { env: { ...own, ...env } })
  return JSON.parse(stdout)
}

test('without a receiver nothing of OpenTelemetry or Azure is loaded', async t => {
  const { modules, status } = await run({})
  t.is(status, 200)
  t.true(
    modules.some(name => name.includes('/koa/')),
    'the list is one of modules',
  )
  t.deepEqual(
    modules.filter(name => /@opentelemetry|@azure|telemetry\/(?!telemetry\.ts)/.test(name)),
    [],
  )
})

test('with one it is', async t => {
  const { modules, status } = await run({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })
  t.is(status, 200)
  t.true(modules.some(name => name.includes('@opentelemetry/sdk-trace')))
  t.false(modules.some(name => name.includes('@azure')))
})
