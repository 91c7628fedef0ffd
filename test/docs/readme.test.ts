import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import test from 'ava'
import { kernelSettings } from '../../config/schema.ts'
import { bundledSettings } from '../../kernel/plugins/bundled-settings.ts'
import { withSettingsTable } from '../../scripts/settings-table.ts'

const ROOT = path.join(import.meta.dirname, '..', '..')
const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8')
const tools = ['bash', 'curl'].filter(tool => spawnSync(tool, ['--version']).error !== undefined)

test('the table of settings is up to date', async t => {
  const renewed = withSettingsTable(readme, { kernel: kernelSettings, ...(await bundledSettings()) })
  t.is(renewed, readme, 'run: node scripts/settings-table.ts')
})

const walkthrough = tools.length === 0 ? test : test.skip
walkthrough('the first steps do what they say', async t => {
  t.timeout(60_000)
  await using server = await startServer()
  const steps = [...readme.matchAll(/```sh\n(.*?)```/gs)].map(([, commands]) => commands).join('\n')
  const script = steps
    .replaceAll('http://localhost:8000', server.url)
    .replaceAll('./data/', `${server.folder}/`)
    .replaceAll('sleep 1;', 'sleep 0.1;')
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: ROOT,
    env: server.env,
    timeout: 45_000,
  })
  const said = stdout.split('\n').filter(line => line !== '')
  const expected = [
    /"error":"tenant_pending"/,
    /"status":"active","features":\["security"\]/,
    /"security":true/,
    /"name":"Plant North"/,
    /"created":2,.*"failed":1,.*"row":4,"status":"failed"/,
    /"name":"sync","status":"succeeded"/,
    /"name":"scan","status":"succeeded"/,
    /"items":\[\{.*"cve_id":"CVE-.*"status":"open".*"kev":true.*"criteria":\[\{/,
    /"cpes":\["cpe:2\.3:a:apache:log4j:2\.14\.1.*"CVE-2021-44228".*"reason":/,
    /"status":"active","features":\[\]/,
    /"error":"feature_disabled"/,
    /"status":"active","features":\["security"\]/,
    /"items":\[\{/,
  ]
  t.is(said.length, expected.length, stdout)
  for (const [index, pattern] of expected.entries()) t.regex(said[index] ?? '', pattern)
})

/** The server as the README starts it, on a free port and with a folder of its own. */
async function startServer() {
  const folder = await mkdtemp(path.join(tmpdir(), 'monozu-readme-'))
  const feeds = [...readme.matchAll(/^export (FEED_.*)$/gm)].flatMap(([, line = '']) => line.split(' '))
  const env = {
    ...Object.fromEntries(feeds.map(pair => pair.split('=') as [string, string])),
    PATH: `${path.dirname(process.execPath)}:${process.env.PATH}`,
    PORT: '0',
    DATA_DIR: folder,
    LOG_FORMAT: 'json',
  }
  const child = spawn(process.execPath, ['kernel/main.ts'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const url = await ready(child.stdout)
  child.stdout.resume()
  return {
    url,
    folder,
    env,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function ready(output: NodeJS.ReadableStream): Promise<string> {
  const lines: string[] = []
  for await (const line of createInterface({ input: output })) {
    lines.push(line)
    if (line.startsWith('Ready after')) break
  }
  const url = /API\s+(http:\/\/\S+)\/api\/v1/.exec(lines.join('\n'))?.[1]
  if (url === undefined) throw new Error(`the server did not become ready:\n${lines.join('\n')}`)
  return url
}
