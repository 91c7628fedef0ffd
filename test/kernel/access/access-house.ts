import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { inject, type Response } from 'light-my-request'
import { loadConfig } from '../../../config/load.ts'
import { Passwords } from '../../../kernel/access/passwords.ts'
import { registerTenant } from '../../../kernel/access/registration.ts'
import { definePlugin } from '../../../kernel/contract.ts'
import { newId } from '../../../kernel/data/id.ts'
import { PlatformDb } from '../../../kernel/data/platform-db.ts'
import { createKernel, type Kernel, type KernelOptions } from '../../../kernel/kernel.ts'
import { createLogger } from '../../../kernel/log/create-logger.ts'
import { signWebhook } from '../../../kernel/tenancy/webhook-signature.ts'
import { testJobTiming } from '../../../kernel/testing/job-timing.ts'
import { openPlace, testPlace } from '../../../kernel/testing/test-database.ts'
import { DAY, TestClock } from '../tenancy/tenancy-house.ts'

export const SECRET_KEY = 'the-secret-key-of-the-tests-0123456789'
export const HMAC_SECRET = 'the-webhook-secret-of-the-tests'
export const PASSWORD = 'quiet otter at the kiln'

/** A plugin that asks for permissions, with a licensed feature. */
const pumps = definePlugin({
  name: 'pumps',
  version: '1.0.0',
  title: 'Pumps',
  feature: 'vpn',
  segments: ['pumps'],
  permissions: { 'pumps:read': 'View pumps', 'vpn:read': 'View tunnels', 'vpn:manage': 'Manage tunnels' },
  setup() {},
})

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
interface Sent {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly cookie?: string
}

/** An answer, as far as tests look at it. */
export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: an answer is whatever came; each test says what it expects.
  readonly body: any
  readonly headers: Response['headers']
  /** The refresh token that the answer set. */
  readonly cookie: string | undefined
}

/** Somebody who can be logged in. */
export interface Person {
  readonly tenantId: string
  readonly userId: string
  readonly email: string
}

/** Passwords that are quickly hashed, and as quickly guessed. */
export const quick = new Passwords({ cost: 4 })
const silent = createLogger({ LOG_LEVEL: 'silent', LOG_FORMAT: 'json', LOG_REQUESTS: 'errors' })
let accounts = 0

/** A real kernel on a database of its own; requests go in without a port. */
export class AccessHouse {
  readonly kernel: Kernel
  readonly clock: TestClock

  private constructor(kernel: Kernel, clock: TestClock) {
    this.kernel = kernel
    this.clock = clock
  }

  /** @param parts what the kernel is made of in another way, such as its log */
  static async open(
    t: ExecutionContext,
    env: Record<string, string> = {},
    parts: Partial<KernelOptions> = {},
  ): Promise<AccessHouse> {
    const clock = new TestClock()
    const dataDir = await mkdtemp(path.join(tmpdir(), 'monozu-test-'))
    t.teardown(() => rm(dataDir, { recursive: true, force: true }))
    const settings = {
      NODE_ENV: 'test',
      SECRET_KEY,
      CLOUD_WEBHOOK_HMAC_SECRET: `${HMAC_SECRET},the-secret-before`,
      CLOUD_INTERNAL_API_TOKEN: 'internal-token-of-the-tests',
      ALLOW_ORIGINS: 'https://cloud.example',
      DATA_DIR: dataDir,
      ...env,
    }
    const config = loadConfig(settings, ['--no-demo'])
    const database = await openPlace(await testPlace(t))
    const kernel = await createKernel({
      config,
      env: settings,
      logging: silent,
      version: '0.0.0',
      plugins: [pumps as never],
      database,
      now: clock.now,
      jobTiming: testJobTiming,
      ...parts,
    })
    await kernel.start()
    t.teardown(() => kernel.stop())
    return new AccessHouse(kernel, clock)
  }

  async send(method: Method, url: string, { body, headers = {}, cookie }: Sent = {}): Promise<Answer> {
    const response = await inject(this.kernel.app.callback() as never, {
      method,
      url,
      headers: {
        host: 'api.example',
        ...(cookie === undefined ? {} : { cookie: `refresh_token=${cookie}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: body as object }),
    })
    const type = String(response.headers['content-type'] ?? '')
    return {
      status: response.statusCode,
      body: type.includes('json') ? JSON.parse(response.payload) : response.payload,
      headers: response.headers,
      cookie: /refresh_token=([^;]*)/.exec(String(response.headers['set-cookie'] ?? ''))?.[1],
    }
  }

  get database(): PlatformDb {
    return new PlatformDb(this.kernel.runtime.database, new Set())
  }

  /** Registers a pending tenant, with a password that is quickly hashed. */
  async register(): Promise<Person> {
    const account_name = `acme-${++accounts}`
    const email = `admin@${account_name}.example`
    const made = await registerTenant(
      this.database,
      { account_name, tenant_name: 'Acme', name: 'Ada', email, password: PASSWORD },
      { passwords: quick, features: this.kernel.tenancy.features },
      this.clock.now(),
    )
    return { tenantId: made.tenant_id, userId: made.user_id, email }
  }

  /** Sends the signed licence webhook. */
  async license(tenantId: string, features: readonly string[] = ['vpn'], days = 30): Promise<Answer> {
    const expires_at = new Date(this.clock.time + days * DAY).toISOString()
    const body = JSON.stringify({ tenant_id: tenantId, plan: 'standard', features, expires_at })
    return this.send('POST', '/internal/license/refresh', {
      body,
      headers: { 'content-type': 'application/json', 'x-hmac-signature': signWebhook(HMAC_SECRET, body) },
    })
  }

  /** A tenant with a licence, and its first Admin. */
  async account(): Promise<Person> {
    const person = await this.register()
    await this.license(person.tenantId)
    return person
  }

  login(email: string, password = PASSWORD, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', '/api/v1/auth/login', { body: { email, password }, headers })
  }

  refresh(cookie: string | undefined, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', '/api/v1/auth/refresh', { ...(cookie === undefined ? {} : { cookie }), headers })
  }

  /** Logs somebody in; requests of what comes back carry their token. */
  async as(person: Pick<Person, 'email'>): Promise<Session> {
    const { body, cookie } = await this.login(person.email)
    return new Session(this, body.access_token, cookie as string)
  }

  /** Another user of the same tenant, with a password that is quickly hashed. */
  async colleague(admin: Person, name: string, groups: readonly string[] = []): Promise<Person> {
    const userId = newId()
    const email = `${name.toLowerCase()}-${++accounts}@colleague.example`
    const password_hash = await quick.hash(PASSWORD)
    const times = { created_at: this.clock.now(), updated_at: this.clock.now() }
    const db = this.database.forTenant(admin.tenantId)
    await db.table('users').insert({ id: userId, email, email_key: email, name, password_hash, ...times })
    for (const group_id of groups) await db.table('user_groups').insert({ user_id: userId, group_id })
    return { tenantId: admin.tenantId, userId, email }
  }
}

/** Somebody who is logged in. */
export class Session {
  readonly #house: AccessHouse
  readonly token: string
  readonly cookie: string

  constructor(house: AccessHouse, token: string, cookie: string) {
    this.#house = house
    this.token = token
    this.cookie = cookie
  }

  send(method: Method, url: string, sent: Sent = {}): Promise<Answer> {
    return this.#house.send(method, url, {
      ...sent,
      headers: { authorization: `Bearer ${this.token}`, ...sent.headers },
    })
  }

  /** Id of a group by its name. */
  async groupId(name: string): Promise<string> {
    const { body } = await this.send('GET', '/api/v1/groups')
    return body.items.find((group: { name: string }) => group.name === name).id
  }
}
