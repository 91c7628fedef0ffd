import { z } from 'zod'
import { type AnyPlugin, definePlugin, type Notice, userDirectory } from '../../../kernel/contract.ts'
import { newId } from '../../../kernel/data/id.ts'
import type { Client } from '../../../kernel/testing/client.ts'
import {
  startTestKernel,
  type TenantName,
  type TestKernel,
  type TestKernelOptions,
} from '../../../kernel/testing/test-kernel.ts'

const Told = z.object({ notice: z.unknown(), tenant_id: z.string().optional() })

/** A plugin that tells whatever it is sent, from each kind of work. Its feature is `crier`. */
export const crier = definePlugin({
  name: 'crier',
  version: '1.0.0',
  title: 'Crier',
  feature: 'crier',
  segments: ['crier', 'internal/crier'],
  permissions: { 'crier:read': 'Hear the crier', 'crier:manage': 'Lead the crier' },
  uses: { users: userDirectory },
  notices: {
    news: { title: 'News', mail: true },
    gossip: { title: 'Gossip', mail: false },
  },
  setup(kit) {
    kit.route('POST /crier', {
      summary: 'Tell a notice',
      permission: 'signed-in',
      body: Told,
      handle: ({ body }, { call }) => call.notify(body.notice as Notice),
    })
    kit.route('POST /crier/failing', {
      summary: 'Tell a notice, and fail after it',
      permission: 'signed-in',
      body: Told,
      async handle({ body }, { call }) {
        await call.notify(body.notice as Notice)
        throw new Error('failed on purpose')
      },
    })
    kit.route('GET /crier/users', {
      summary: 'What the directory says of users',
      permission: 'signed-in',
      query: z.object({ ids: z.string().transform(ids => ids.split(',')) }),
      returns: z.unknown(),
      async handle({ query: { ids } }, { users }) {
        const [id = ''] = ids
        return {
          found: (await users.find(id)) ?? null,
          by_ids: [...(await users.byIds(ids)).values()],
          active: await users.isActive(id),
          holds: await users.holds(id, 'crier:read'),
        }
      },
    })
    kit.platformRoute('POST /internal/crier', {
      summary: 'Tell a notice to a tenant',
      access: 'internal-token',
      body: Told,
      handle: ({ body }, { call }) => call.notify(body.tenant_id as string, body.notice as Notice),
    })
    kit.job('tell', {
      scope: 'tenant',
      data: z.object({ notice: z.unknown() }),
      run: ({ notice }, { call }) => call.notify(notice as Notice),
    })
  },
}) as unknown as AnyPlugin

/** Somebody who is told things. */
export interface Listener {
  readonly id: string
  readonly client: Client
}

/** A kernel with the crier. */
export class NoticeHouse implements AsyncDisposable {
  readonly kernel: TestKernel
  #users = 0

  constructor(kernel: TestKernel) {
    this.kernel = kernel
  }

  static async open(options: TestKernelOptions = {}): Promise<NoticeHouse> {
    return new NoticeHouse(await startTestKernel({ plugins: [crier], ...options }))
  }

  /** A user of their own with these permissions. */
  async user(tenant: TenantName = 'a', permissions: readonly string[] = []): Promise<Listener> {
    const client = await this.kernel.as(tenant, [...permissions, `nobody:asks-${this.#users++}`])
    return { client, id: (await client.get('/me')).body.id }
  }

  /** Users whom nobody logs in: rows in the database, all in one group with these permissions. */
  async crowd(size: number, permissions: readonly string[], more: object = {}): Promise<string[]> {
    const { database } = this.kernel.kernel.runtime
    const tenant_id = this.kernel.tenantId('a')
    const now = this.kernel.clock.now().toISOString()
    const times = { created_at: now, updated_at: now }
    const group_id = newId()
    const ids = Array.from({ length: size }, () => newId())
    await database.transaction(tenant_id, async trx => {
      await trx('groups').insert({
        id: group_id,
        tenant_id,
        name: `Crowd ${group_id}`,
        permissions: JSON.stringify(permissions),
        ...times,
      })
      for (let start = 0; start < size; start += 50) {
        const some = ids.slice(start, start + 50)
        await trx('users').insert(
          some.map(id => ({
            id,
            tenant_id,
            email: `${id}@crowd.example`,
            email_key: `${id}@crowd.example`,
            name: 'One of many',
            password_hash: 'none',
            ...times,
            ...more,
          })),
        )
        await trx('user_groups').insert(some.map(user_id => ({ tenant_id, user_id, group_id })))
      }
    })
    return ids
  }

  /** Tells a notice from a request of tenant `a`, and waits until it is handed out. */
  async tell(notice: Partial<Notice> & Pick<Notice, 'to'>): Promise<void> {
    const { status, text } = await this.post(notice)
    if (status !== 204) throw new Error(text)
    await this.kernel.settled()
  }

  /** Tells a notice from a request of tenant `a`. */
  async post(notice: object, path = '/crier') {
    return (await this.kernel.as('a')).post(path, { notice: { kind: 'news', title: 'Hear, hear', ...notice } })
  }

  /** Titles of what somebody was told, the newest first. */
  async heard({ client }: Listener, query = ''): Promise<string[]> {
    const { status, body, text } = await client.get(`/notifications${query}`)
    if (status !== 200) throw new Error(text)
    return body.items.map(({ title }: { title: string }) => title)
  }

  /** The mails that are queued or sent, as they are stored. */
  async mails(): Promise<{ recipient: string; subject: string }[]> {
    const mails = await this.kernel.kernel.runtime.database
      .knex('mail_messages')
      .where({ tenant_id: this.kernel.tenantId('a') })
      .select('recipient', 'subject')
    return mails
  }

  /** Says of a user that their address is theirs. */
  async verified(...users: readonly Listener[]): Promise<void> {
    await this.kernel.kernel.runtime.database
      .knex('users')
      .whereIn(
        'id',
        users.map(({ id }) => id),
      )
      .update({ email_verified_at: this.kernel.clock.now().toISOString() })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kernel[Symbol.asyncDispose]()
  }
}
