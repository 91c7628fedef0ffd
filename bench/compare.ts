/** `node bench/compare.ts`: the hand-written servers and the peers against each other. See README.md for the options. */
import { compareAssets } from './assets-comparison.ts'
import { type Comparison, table } from './comparison.ts'
import { residentMegabytes } from './cpu-time.ts'
import { benchOptions } from './options.ts'
import { startPeers } from './peers/start-peers.ts'

const options = benchOptions(process.argv.slice(2))
const peers = await startPeers(options, text => process.stderr.write(text))
const comparisons: Comparison[] = []
try {
  const report = (comparison: Comparison) => {
    comparisons.push(comparison)
    if (!options.json) process.stdout.write(`${table(comparison)}\n`)
  }
  await compareAssets({ ...options, peers, report })
  const memory = peers.map(({ name, pid }) => ({ name, residentMegabytes: residentMegabytes(pid) }))
  if (options.json) process.stdout.write(`${JSON.stringify({ comparisons, memory }, null, 2)}\n`)
  else for (const one of memory) process.stdout.write(`${one.name}: ${one.residentMegabytes?.toFixed(0)} MB resident\n`)
} finally {
  for (const peer of peers) await peer.stop()
}
