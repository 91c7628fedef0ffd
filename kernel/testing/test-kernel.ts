import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { loadConfig } from '../../config/load.ts'
import { Passwords } from '../access/passwords.ts'
import { registerTenant } from '../access/registration.ts'
import { CallCore, PlatformWork } from '../call.ts'
import type { AnyPlugin, GuestRef } from '../contract.ts'
import { newId } from '../data/id.ts'
import type { JobRun } from '../jobs/run.ts'
import { createKernel, type Kernel, type KernelOptions } from '../kernel.ts'
import { createLogger, type Logging } from '../log/create-logger.ts'
import { type QueuedNotice, queuedNotice } from '../notifications/notice.ts'
import { DELIVER_JOB, NOTIFICATIONS } from '../notifications/queue-notice.ts'
import type { PluginHost } from '../plugins/host.ts'
import { storeLicence } from '../tenancy/licences.ts'
import { isUpgrade } from '../ws/open-channel.ts'
import { Client } from './client.ts'
import { TestClock } from './clock.ts'
import { testJobTiming } from './job-timing.ts'
import { kernelDatabase, testsOnServer } from './test-database.ts'
import { TestSocket } from './test-socket.ts'

const PASSWORD = 'correct horse battery staple 42'
/** A server takes its time, above all one that many tests share. */
const WAIT_MS = testsOnServer ? 60_000 : 10_000

/** How a kernel for tests is made. */
export interface TestKernelOptions {
  /** These plugins, beside the kernel's own; default: those that come with the product. */
  readonly plugins?: readonly AnyPlugin[]
  /** Settings of plugins and of the kernel. */
  readonly env?: Readonly<Record<string, string>>
  /** Time at the start; default: the system's time, which then stands still. */
  readonly now?: Date
  /** Features that both tenants begin with; default: every one that a plugin here has. */
  readonly features?: readonly string[]
  /** Parts of the kernel to make another way, such as its log. */
  readonly kernel?: Partial<KernelOptions>
  /** An instance on whose database, given in `kernel`, this one works, too: they have the same tenants. */
  readonly beside?: TestKernel
}

/** A notice as a plugin told it; its kind is `<plugin>.<kind>`. */
export type ToldNotice = Omit<QueuedNotice, 'notice_id'>

/** One of the two tenants that every test kernel has. */
export type TenantName = 'a' | 'b'

/** A whole kernel on a database in memory, with two active tenants that have every feature. */
export class TestKernel implements AsyncDisposable {
  readonly kernel: Kernel
  readonly clock: TestClock
  readonly #tenants: Readonly<Record<TenantName, string>>
  readonly #folder: string
  readonly #logging: Logging
  readonly #clients = new Map<string, Promise<Client>>()
  #server: Promise<Server> | undefined

  constructor(parts: {
    readonly kernel: Kernel
    readonly clock: TestClock
    readonly tenants: Readonly<Record<TenantName, string>>
    readonly folder: string
    readonly logging: Logging
  }) {
    this.kernel = parts.kernel
    this.clock = parts.clock
    this.#tenants = parts.tenants
    this.#folder = parts.folder
    this.#logging = parts.logging
  }

  tenantId(name: TenantName): string {
    return this.#tenants[name]
  }

  /** Sends requests as nobody. */
  get anonymous(): Client {
    return new Client(this.kernel.app)
  }

  /** Sends requests with the internal token. */
  get internal(): Client {
    return new Client(this.kernel.app, { 'x-internal-token': this.kernel.runtime.internalToken })
  }

  /** Sends requests as a user of a tenant who holds just these permissions; default: all of them. */
  as(tenant: TenantName, permissions: readonly string[] = ['*']): Promise<Client> {
    const key = `${tenant} ${permissions.join(' ')}`
    const known = this.#clients.get(key)
    if (known) return known
    const made = this.#signIn(tenant, permissions)
    this.#clients.set(key, made)
    return made
  }

  /** Sends requests as a guest, with this credential. */
  guest(ref: GuestRef, credential: string): Client {
    return new Client(this.kernel.app, { [ref.header.toLowerCase()]: credential })
  }

  /**
   * Opens a socket as a user of a tenant who holds just these permissions.
   * @param channel its name, `jobs` for `/api/ws/jobs`
   * @throws SocketRefused with the answer, when it was none of 101
   */
  async socket(tenant: TenantName, permissions: readonly string[], channel: string): Promise<TestSocket> {
    const { headers } = await this.as(tenant, permissions)
    return TestSocket.open(`${await this.socketUrl()}/api/ws/${channel}`, { headers })
  }

  /** Where sockets are taken, `ws://127.0.0.1:…`: the kernel is put behind a port when it is first asked for. */
  async socketUrl(): Promise<string> {
    this.#server ??= listen(this.kernel)
    const { port } = (await this.#server).address() as AddressInfo
    return `ws://127.0.0.1:${port}`
  }

  /** Gives a tenant a licence with these features, as the webhook does. */
  async licence(tenant: TenantName, features: readonly string[]): Promise<void> {
    const { runtime, tenancy, catalogue } = this.kernel
    const core = new CallCore(runtime, { actor: { kind: 'service', id: 'test' } })
    await storeLicence(new PlatformWork(core, catalogue.byName('licences') as PluginHost), tenancy.features, {
      tenant_id: this.tenantId(tenant),
      plan: 'test',
      features: [...features],
      expires_at: new Date(this.clock.now().getTime() + 10 * 365 * 86_400_000).toISOString(),
    })
    await catalogue.reconcile()
  }

  /** Every feature key that a plugin here has. */
  get features(): string[] {
    return [...new Set(this.kernel.catalogue.plugins.flatMap(({ feature }) => feature ?? []))]
  }

  /** Fills a tenant with what the plugins bring along for a demo. */
  async fillDemo(tenant: TenantName): Promise<void> {
    const { runtime, catalogue } = this.kernel
    for (const host of catalogue.hosts) {
      const core = new CallCore(runtime, { actor: { kind: 'service', id: 'test' } })
      await host.plugin.demo?.platform?.(host.platformContext(new PlatformWork(core, host)) as never)
    }
    const core = new CallCore(runtime, { actor: { kind: 'service', id: 'test' } })
    await core.slot.run(this.tenantId(tenant), async () => {
      for (const host of catalogue.hosts) {
        const call = host.ownCall(core, this.tenantId(tenant))
        if (call) await host.plugin.demo?.tenant?.(host.tenantContext(call) as never)
      }
    })
    await this.settled()
  }

  /** Runs a plugin's job and waits for its end. */
  async job(plugin: string, name: string, data: unknown, tenant?: TenantName): Promise<JobRun> {
    const core = new CallCore(this.kernel.runtime, { actor: { kind: 'service', id: 'test' } })
    const host = this.kernel.catalogue.byName(plugin)
    if (!host) throw new Error(`there is no plugin "${plugin}"`)
    const id = await host.enqueue(core, name, data, tenant ? { tenantId: this.tenantId(tenant) } : {})
    return this.finished(id)
  }

  /** Waits until a job has ended. */
  async finished(id: string): Promise<JobRun> {
    const { runs } = this.kernel.runtime.scheduler
    return waitFor(`job ${id} to end`, async () => {
      const run = await runs.findAny(id)
      return run && run.status !== 'queued' && run.status !== 'running' ? run : undefined
    })
  }

  /** Waits until no event and no job is left to do. */
  async settled(): Promise<void> {
    const { database, delivery, scheduler } = this.kernel.runtime
    let quiet = 0
    await waitFor('events and jobs to be done', async () => {
      await delivery.settle()
      scheduler.nudge()
      const [jobs] = await database.knex('job_runs').whereIn('status', ['queued', 'running']).count({ left: '*' })
      quiet = Number(jobs?.left) === 0 ? quiet + 1 : 0
      return quiet >= 2 || undefined
    })
  }

  /** Rows of the audit log of a tenant, oldest first. */
  async audit(tenant: TenantName): Promise<Record<string, unknown>[]> {
    return this.kernel.runtime.database
      .knex('audit_logs')
      .where({ tenant_id: this.tenantId(tenant) })
      .orderBy('id')
  }

  /** What plugins have told users of a tenant with `call.notify`, oldest first, whether it has reached them or not. */
  async notices(tenant: TenantName): Promise<ToldNotice[]> {
    const runs: { data: string }[] = await this.kernel.runtime.database
      .knex('job_runs')
      .where({ plugin: NOTIFICATIONS, name: DELIVER_JOB, tenant_id: this.tenantId(tenant) })
      .select('data')
    const notices = runs.map(({ data }) => queuedNotice.parse(JSON.parse(data)))
    notices.sort((a, b) => (a.notice_id < b.notice_id ? -1 : 1))
    return notices.map(({ notice_id: _id, ...notice }) => notice)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kernel.stop()
    const server = await this.#server
    server?.close()
    server?.closeAllConnections()
    this.#logging.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #signIn(tenant: TenantName, permissions: readonly string[]): Promise<Client> {
    const { database } = this.kernel.runtime
    const tenant_id = this.tenantId(tenant)
    const now = this.clock.now().toISOString()
    const [user_id, group_id] = [newId(), newId()]
    const email = `${user_id}@example.com`
    const times = { created_at: now, updated_at: now }
    const password_hash = await this.kernel.access.passwords.hash(PASSWORD)
    await database.transaction(tenant_id, async trx => {
      await trx('users').insert({
        id: user_id,
        tenant_id,
        email,
        email_key: email,
        name: 'Test',
        password_hash,
        ...times,
      })
      const granted = JSON.stringify(permissions)
      await trx('groups').insert({ id: group_id, tenant_id, name: `Test ${group_id}`, permissions: granted, ...times })
      await trx('user_groups').insert({ tenant_id, user_id, group_id })
    })
    const { status, body, text } = await this.anonymous.post('/auth/login', { email, password: PASSWORD })
    if (status !== 200) throw new Error(`test user could not log in: ${text}`)
    return new Client(this.kernel.app, { authorization: `Bearer ${body.access_token}` })
  }
}

/** Starts a kernel for tests. Dispose of it: `await using t = await startTestKernel()`. */
export async function startTestKernel(options: TestKernelOptions = {}): Promise<TestKernel> {
  const folder = await mkdtemp(path.join(tmpdir(), 'monozu-test-'))
  const env = {
    NODE_ENV: 'test' as const,
    DATA_DIR: folder,
    LOG_LEVEL: 'silent',
    SHUTDOWN_TIMEOUT_SECONDS: '5',
    ...options.env,
  }
  const config = loadConfig(env)
  const clock = new TestClock(options.now ?? new Date())
  const logging = createLogger(config)
  const database = options.kernel?.database ?? (await kernelDatabase())
  const kernel = await createKernel({
    config,
    env,
    logging,
    version: '0.0.0-test',
    database,
    now: clock.now,
    passwords: new Passwords({ cost: 4 }),
    jobTiming: testJobTiming,
    ...(options.plugins ? { plugins: options.plugins } : {}),
    ...options.kernel,
  }).catch(async (error: unknown) => {
    await database.close()
    throw error
  })
  await kernel.start()
  const { beside } = options
  if (beside) {
    const tenants = { a: beside.tenantId('a'), b: beside.tenantId('b') }
    return new TestKernel({ kernel, clock, tenants, folder, logging })
  }
  const tenants = { a: await newTenant(kernel, 'tenant-a'), b: await newTenant(kernel, 'tenant-b') }
  const started = new TestKernel({ kernel, clock, tenants, folder, logging })
  await started.licence('a', options.features ?? started.features)
  await started.licence('b', options.features ?? started.features)
  return started
}

async function listen({ app, upgrade }: Kernel): Promise<Server> {
  const server = createServer({ shouldUpgradeCallback: isUpgrade }, app.callback())
  server.on('upgrade', upgrade)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return server
}

async function newTenant({ runtime, access, tenancy }: Kernel, name: string): Promise<string> {
  const core = new CallCore(runtime, { actor: { kind: 'service', id: 'test' } })
  const { tenant_id } = await registerTenant(
    core.platform,
    { account_name: name, tenant_name: name, name: 'Admin', email: `admin@${name}.example`, password: PASSWORD },
    { passwords: access.passwords, features: tenancy.features },
    runtime.now(),
  )
  return tenant_id
}

async function waitFor<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + WAIT_MS
  while (Date.now() < deadline) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  throw new Error(`waited ${WAIT_MS / 1000} s for ${what}`)
}
