// `npm ci` runs this (script "prepare"): one start and stop in a folder of its own, so that Node's compile cache knows
// every file before the first real start, which would otherwise take twice as long and hold the type stripper (20 MB).
// Nothing depends on it: where it cannot run, the first start fills the cache. JavaScript, since an older Node may run it.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MOST_MS = 30_000

if (process.features.typescript) await startAndStop()

async function startAndStop() {
  const folder = mkdtempSync(join(tmpdir(), 'monozu-warm-start-'))
  const { PATH, TMPDIR, NODE_COMPILE_CACHE } = process.env
  const server = spawn(process.execPath, [fileURLToPath(new URL('../kernel/start.js', import.meta.url))], {
    env: { PATH, TMPDIR, NODE_COMPILE_CACHE, DATA_DIR: folder, HOST: '127.0.0.1', PORT: '0' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const timer = setTimeout(() => server.kill('SIGKILL'), MOST_MS)
  const ended = new Promise(resolve => server.once('close', resolve).once('error', resolve))
  server.stdout.on('data', text => {
    if (String(text).includes('Ready after')) server.kill()
  })
  await ended
  clearTimeout(timer)
  rmSync(folder, { recursive: true, force: true })
}
