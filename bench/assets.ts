/** `node bench/assets.ts`: our own server against the hand-written ones and the peers. See README.md for the options. */
import { fileURLToPath } from 'node:url'
import { compareAssets } from './assets-comparison.ts'
import { type Comparison, table } from './comparison.ts'
import { residentMegabytes } from './cpu-time.ts'
import { benchOptions } from './options.ts'
import { startPeers } from './peers/start-peers.ts'
import { startServer } from './server-process.ts'

const options = benchOptions(process.argv.slice(2))
await using servers = new AsyncDisposableStack()
const own = servers.adopt(await startServer(fileURLToPath(new URL('own-server.ts', import.meta.url))), one =>
  one.stop(),
)
const peers = await startPeers(options, text => process.stderr.write(text))
for (const peer of peers) servers.defer(() => peer.stop())
const comparisons: Comparison[] = []
await compareAssets({
  ...options,
  peers,
  serverUnderTest: {
    name: 'Monozu',
    pid: own.pid,
    url: own.url,
    headers: { authorization: `Bearer ${own.said.token}` },
  },
  report(comparison) {
    comparisons.push(comparison)
    if (!options.json) process.stdout.write(`${table(comparison)}\n`)
  },
})
const memory = [own, ...peers].map(({ pid }, i) => ({
  name: i === 0 ? 'Monozu' : peers[i - 1]?.name,
  residentMegabytes: residentMegabytes(pid),
}))
if (options.json) process.stdout.write(`${JSON.stringify({ comparisons, memory }, null, 2)}\n`)
else
  for (const { name, residentMegabytes: mb } of memory) process.stdout.write(`${name}: ${mb?.toFixed(0)} MB resident\n`)
