import { createRequire, registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Run as a process: starts a kernel, serves a request, and prints the files that were loaded for it. */
const modules = new Set<string>()
registerHooks({
  load(url, context, next) {
    if (url.startsWith('file:')) modules.add(fileURLToPath(url))
    return next(url, context)
  },
})
const { startTestKernel } = await import('../../../kernel/testing/test-kernel.ts')
const { capturedLog } = await import('../testing/captured-log.ts')
const { logging } = capturedLog('info')
const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = process.env
const env = endpoint ? { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } : {}
const house = await startTestKernel({ env, kernel: { logging } })
const { status } = await (await house.as('a')).get('/assets')
for (const name of Object.keys(createRequire(import.meta.url).cache)) modules.add(name)
process.stdout.write(JSON.stringify({ status, modules: [...modules] }))
await house[Symbol.asyncDispose]()
process.exit()
