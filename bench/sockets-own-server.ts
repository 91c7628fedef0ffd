/**
 * Our server for `sockets.ts`: the kernel with one channel, as production runs it. Says `{"url": …, "token": …}` in one line
 * on stdout.
 */
import { createServer } from 'node:http'
import { dirname } from 'node:path'
import { z } from 'zod'
import { loadConfig } from '../config/load.ts'
import { type AnyPlugin, definePlugin } from '../kernel/contract.ts'
import { createKernel } from '../kernel/kernel.ts'
import { createLogger } from '../kernel/log/create-logger.ts'
import { letYoungGenerationGrow } from '../kernel/v8-flags.ts'
import { isUpgrade } from '../kernel/ws/open-channel.ts'
import { benchSettings, benchToken, makeBenchTenant } from './bench-tenant.ts'
import { serverOptions } from './server-process.ts'
import { control } from './sockets-controls.ts'

const { port, file } = serverOptions()
const env = {
  ...benchSettings,
  DATA_DIR: dirname(file),
  LIMIT_SOCKETS_PER_TENANT: '0',
  LIMIT_SOCKETS_PER_ADDRESS: '0',
}
const plugin = definePlugin({
  name: 'bench',
  version: '1.0.0',
  title: 'Bench',
  segments: ['bench'],
  permissions: { 'bench:read': 'Listen' },
  setup(kit) {
    kit.channel('bench', {
      summary: 'What is said',
      permission: 'bench:read',
      send: { said: z.object({ text: z.string() }) },
    })
  },
}) as unknown as AnyPlugin
const config = loadConfig(env)
const logging = createLogger(config, { write: () => undefined, flush: () => undefined, close: () => undefined })
const kernel = await createKernel({
  config,
  env,
  logging,
  version: '0.0.0-bench',
  plugins: [plugin],
  // The clients here count bytes and answer no pings.
  socketLimits: { pingMs: 3_600_000 },
})
await kernel.start()
letYoungGenerationGrow()
const tenantId = await makeBenchTenant(kernel)

const serve = kernel.app.callback()
const server = createServer({ shouldUpgradeCallback: isUpgrade }, (request, response) => {
  if (!control(request, response, publish)) void serve(request, response)
})
server.on('upgrade', kernel.upgrade)
server.listen(port, '127.0.0.1', async () => {
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}`
  process.stdout.write(`${JSON.stringify({ url, token: await benchToken(url) })}\n`)
})
process.once('SIGTERM', () => void kernel.stop().finally(() => process.exit(0)))

function publish(text: string): void {
  kernel.runtime.sockets.publish(tenantId, { channel: 'bench', type: 'said', data: { text } })
}
