import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import test, { type ExecutionContext } from 'ava'
import { ROOT, reachesBuild, readDockerfile } from './dockerfile.ts'

const dockerfile = readDockerfile()
const NOBODY = 65_534

/** Lays out what the image holds: the files that COPY copies, and the packages that `npm ci --omit=dev` installs. */
async function layOut(t: ExecutionContext): Promise<{ readonly app: string; readonly data: string }> {
  const base = await mkdtemp(path.join(tmpdir(), 'monozu-image-'))
  t.teardown(async () => {
    await makeWritable(path.join(base, 'app'))
    await rm(base, { recursive: true, force: true })
  })
  const [app, data] = [path.join(base, 'app'), path.join(base, 'data')]
  await mkdir(data)
  await chmod(data, 0o777)
  await chmod(base, 0o755)
  for (const source of dockerfile.copied) {
    await cp(path.join(ROOT, source), path.join(app, source), {
      recursive: true,
      filter: from => reachesBuild(path.relative(ROOT, from).split(path.sep).join('/')),
    })
  }
  await linkProductionPackages(app)
  return { app, data }
}

async function linkProductionPackages(app: string): Promise<void> {
  const lock = JSON.parse(await readFile(path.join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>
  }
  for (const [where, { dev, devOptional }] of Object.entries(lock.packages)) {
    if (!/^node_modules\/(@[^/]+\/)?[^/]+$/.test(where) || dev || devOptional) continue
    await mkdir(path.dirname(path.join(app, where)), { recursive: true })
    await symlink(path.join(ROOT, where), path.join(app, where))
  }
}

/** Every file and folder, links not followed. */
const contents = async (folder: string) => (await readdir(folder, { recursive: true })).sort()

async function makeReadOnly(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries.filter(one => !one.isSymbolicLink()).reverse()) {
    await chmod(path.join(entry.parentPath, entry.name), entry.isDirectory() ? 0o555 : 0o444)
  }
  await chmod(folder, 0o555)
}

async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(path.join(folder, entry.name))
  }
}

/** Another user than root, who could write everywhere; ourselves where we are nobody special, or the clone is closed. */
function unprivileged(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const nobody = { uid: NOBODY, gid: NOBODY }
  const probe = spawnSync(process.execPath, ['-e', ''], { ...nobody, cwd: ROOT })
  return probe.status === 0 ? nobody : {}
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address ? address.port : 0
}

/** Runs a command of the Dockerfile with the Dockerfile's environment and nothing else. */
function run(command: readonly string[], cwd: string, env: Readonly<Record<string, string>>): ChildProcess {
  const [program, ...args] = command
  const { NODE_COMPILE_CACHE: _, ...given } = dockerfile.env
  return spawn(program === 'node' ? process.execPath : (program ?? ''), args, {
    cwd,
    env: { ...given, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    ...unprivileged(),
  })
}

async function logged(server: ChildProcess, msg: string): Promise<boolean> {
  if (!server.stdout) return false
  for await (const line of createInterface({ input: server.stdout })) {
    if ((JSON.parse(line) as { readonly msg?: string }).msg === msg) return true
  }
  return false
}

test('what the image copies is all that a start needs: read-only, unprivileged, production packages only', async t => {
  const { app, data } = await layOut(t)
  await makeReadOnly(app)
  const before = await contents(app)
  const port = String(await freePort())
  const secret = 'a-secret-of-this-test-and-of-nothing-else'
  const server = run(dockerfile.command, app, {
    DATA_DIR: data,
    PORT: port,
    SECRET_KEY: secret,
    CLOUD_WEBHOOK_HMAC_SECRET: secret,
    CLOUD_INTERNAL_API_TOKEN: secret,
    ALLOW_ORIGINS: 'https://cloud.monozu.io',
    FEED_SYNC: 'off',
    SHUTDOWN_DELAY_SECONDS: '0',
  })
  t.teardown(() => server.kill('SIGKILL'))
  const ended = once(server, 'exit')

  t.true(await logged(server, 'ready'))
  const [healthy] = await once(run(dockerfile.healthcheck, app, { PORT: port }), 'exit')
  t.is(healthy, 0)

  server.stdout?.resume()
  server.kill('SIGTERM')
  const [code] = await ended
  t.is(code, 0, 'it stops by itself on SIGTERM')
  const [sick] = await once(run(dockerfile.healthcheck, app, { PORT: port }), 'exit')
  t.is(sick, 1)
  t.deepEqual(await contents(app), before, 'nothing was written beside DATA_DIR')
})

test('the image starts as npm start does, as a user that is not root', async t => {
  const { scripts } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as {
    readonly scripts: { readonly start: string }
  }
  t.is(dockerfile.command.join(' '), scripts.start)
  t.regex(dockerfile.user, /^[1-9]\d*:[1-9]\d*$/, 'a number, so that a platform can tell that it is not root')
})

test('no test, no documentation of the repository and no secret reaches the build', t => {
  for (const file of [
    '.env',
    '.git/config',
    'data/monozu.db',
    'kernel/audit/test/x.test.ts',
    'docs/api.md',
    'test/a.ts',
  ])
    t.false(reachesBuild(file), file)
  for (const file of ['kernel/start.js', 'db/flyway/V1__base_schema.sql', 'package-lock.json'])
    t.true(reachesBuild(file), file)
})

test('the native parts come from their packages: no install script is run', t => {
  const install = dockerfile.lines.find(line => line.includes('npm ci'))
  t.true(install?.includes('--omit=dev'))
  t.true(install?.includes('--ignore-scripts'))
})
