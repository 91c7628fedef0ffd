import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ExecutionContext, TestFn } from 'ava'
import { loadConfig } from '../../../config/load.ts'
import { Passwords } from '../../access/passwords.ts'
import type { AnyPlugin } from '../../contract.ts'
import { makeDemo } from '../../demo.ts'
import { createKernel, type Kernel } from '../../kernel.ts'
import { createLogger } from '../../log/create-logger.ts'
import { testJobTiming } from '../job-timing.ts'
import { bareServer } from '../test-database.ts'

type Where = Readonly<Record<string, string>>

interface MigrationOptions {
  readonly plugins: readonly AnyPlugin[] | undefined
  readonly env: Readonly<Record<string, string>> | undefined
}

/** The plugins' migrations apply on an empty database, on one that has rows of others, and not twice. */
export function migrationChecks(test: TestFn, names: readonly string[], { plugins, env = {} }: MigrationOptions): void {
  /** Runs a kernel on a database. */
  async function run<T>(own: Where, only: typeof plugins, work: (kernel: Kernel) => Promise<T>): Promise<T> {
    const settings = { NODE_ENV: 'test', ...own, LOG_LEVEL: 'silent', SHUTDOWN_TIMEOUT_SECONDS: '5', ...env }
    const config = loadConfig(settings)
    const logging = createLogger(config)
    const kernel = await createKernel({
      config,
      env: settings,
      logging,
      version: '0.0.0-test',
      passwords: new Passwords({ cost: 4 }),
      jobTiming: testJobTiming,
      ...(only ? { plugins: only } : {}),
    })
    try {
      await kernel.start()
      return await work(kernel)
    } finally {
      await kernel.stop()
      logging.close()
    }
  }

  const expectRunning = (t: ExecutionContext, { catalogue }: Kernel): void => {
    for (const name of names) {
      const host = catalogue.byName(name)
      t.is(host?.state, 'running', `${name}: ${host?.error?.message}`)
    }
  }

  test('migrations apply on an empty database, and a second start finds everything as it was', async t => {
    const own = await ownDatabase(t)
    const first = await run(own, plugins, async kernel => {
      t.truthy(await makeDemo(kernel))
      expectRunning(t, kernel)
      return sizes(kernel)
    })
    const second = await run(own, plugins, async kernel => {
      expectRunning(t, kernel)
      return sizes(kernel)
    })
    t.deepEqual(second, first)
  })

  test('migrations apply on a database that has been in use without the plugins', async t => {
    const own = await ownDatabase(t)
    const first = await run(own, [], async kernel => {
      t.truthy(await makeDemo(kernel))
      return sizes(kernel)
    })
    await run(own, plugins, async kernel => {
      const host = kernel.catalogue.plugins.find(({ feature }) => feature !== undefined)
      t.is(await makeDemo(kernel), undefined, `the database was not in use before ${host?.name}`)
      const after = await sizes(kernel)
      for (const table of ['tenants', 'users', 'groups']) t.is(after[table], first[table], table)
      for (const name of names) {
        const { catalogue } = kernel
        t.notRegex(String(catalogue.byName(name)?.state), /failed|blocked/, catalogue.byName(name)?.error?.message)
      }
    })
  })
}

/** How many rows each table has that only work fills, not time. */
async function sizes({ runtime }: Kernel): Promise<Record<string, number>> {
  const { dialect, knex } = runtime.database
  const all = dialect.name === 'mssql' ? knex('sys.tables') : knex('sqlite_master').where({ type: 'table' })
  const tables: { name: string }[] = await all.select('name').orderBy('name')
  const counts: Record<string, number> = {}
  for (const { name } of tables) {
    if (/^(job_runs|agenda_|outbox|sqlite_|notifications$|mail_messages$)/.test(name)) continue
    const [counted] = await knex(name).count({ rows: '*' })
    counts[name] = Number(counted?.rows)
  }
  return counts
}

/** Settings of a database without tables that goes with the test. */
async function ownDatabase(t: ExecutionContext): Promise<Where> {
  const folder = await mkdtemp(path.join(tmpdir(), 'monozu-conformance-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const url = await bareServer(t)
  return { DATA_DIR: folder, ...(url === undefined ? {} : { DATABASE_URL: url }) }
}
