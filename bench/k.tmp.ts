import { createServer } from 'node:http'
import { mkdtempSync } from 'node:fs'
import { loadConfig } from '../config/load.ts'
import { createKernel } from '../kernel/kernel.ts'
import { createLogger } from '../kernel/log/create-logger.ts'
const S = new Set((process.env.S ?? '').split(','))
const env = { NODE_ENV: 'production' as const, DATA_DIR: mkdtempSync('/tmp/perf/d-'), SECRET_KEY: 'a-secret-of-the-benchmark-that-guards-nothing-at-all', CLOUD_WEBHOOK_HMAC_SECRET: 'webhook-secret-of-the-benchmark', CLOUD_INTERNAL_API_TOKEN: 'internal-token-of-the-benchmark', ALLOW_ORIGINS: 'http://localhost:3000', FEED_SYNC: 'off', LOG_REQUESTS: 'all' }
const config = loadConfig(env)
const logging = createLogger(config, { write: () => undefined, flush: () => undefined, close: () => undefined })
const kernel = await createKernel({ config, env, logging, version: '0.0.0-bench' })
if (S.has('nosched')) kernel.runtime.scheduler.start = async () => {}
if (S.has('nodeliv')) kernel.runtime.delivery.start = async () => {}
if (S.has('norec')) kernel.catalogue.reconcile = async () => {}
if (S.has('notenancy')) kernel.tenancy.start = async () => {}
if (S.has('noaccess')) kernel.access.start = async () => {}
if (!S.has('nostart')) await kernel.start()
const server = createServer({ keepAliveTimeout: 245000 }, kernel.app.callback())
server.listen(0, '127.0.0.1', () => { const a: any = server.address(); process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${a.port}/api/v1`, token: 'x' })}\n`) })
process.once('SIGTERM', () => process.exit(0))
