import test from 'ava'
import { z } from 'zod'
import { type AnyPlugin, definePlugin } from '../../../kernel/contract.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import type { TestSocket } from '../../../kernel/testing/test-socket.ts'

/** A plugin with a job that anybody may see, and one that asks for a permission. */
const worker = definePlugin({
  name: 'worker',
  version: '1.0.0',
  title: 'Worker',
  segments: ['worker'],
  permissions: { 'worker:audit': 'See secret work' },
  setup(kit) {
    for (const [name, permission] of [
      ['open', undefined],
      ['secret', 'worker:audit'],
    ] as const) {
      kit.job(name, {
        scope: 'tenant',
        ...(permission ? { permission } : {}),
        data: z.object({}),
        async run(_data, { progress }) {
          progress({ done: 1, total: 2, message: name })
          return { done: true }
        },
      })
    }
    kit.route('POST /worker/:job', {
      summary: 'Begins a job',
      permission: 'signed-in',
      params: z.object({ job: z.string() }),
      returns: z.object({ id: z.string() }),
      handle: async ({ params }, { call }) => ({ id: await call.enqueue(params.job, {}) }),
    })
  },
}) as unknown as AnyPlugin

/** What a socket hears until a job has ended. */
async function until(socket: TestSocket, id: string): Promise<{ name: string; status: string; progress: unknown }[]> {
  const heard = []
  for (;;) {
    const { data } = await socket.next('progress')
    heard.push({ name: data.name, status: data.status, progress: data.progress })
    if (data.id === id && data.status === 'succeeded') return heard
  }
}

test('a job tells its tenant how it gets on, and no other', async t => {
  await using t0 = await startTestKernel({ plugins: [worker] })
  await using socket = await t0.socket('a', ['jobs:read'], 'jobs')
  await using foreign = await t0.socket('b', ['jobs:read'], 'jobs')
  const { body } = await (await t0.as('a')).post('/worker/open', {})
  const heard = await until(socket, body.id)
  t.is(heard[0]?.status, 'running')
  t.deepEqual(heard.at(-1), { name: 'open', status: 'succeeded', progress: { done: 1, total: 2, message: 'open' } })
  const other = await (await t0.as('b')).post('/worker/open', {})
  t.true((await until(foreign, other.body.id)).length > 0)
  t.deepEqual(foreign.waiting, [])
})

test('a job with a permission is told to who holds it, and to who began it', async t => {
  await using t0 = await startTestKernel({ plugins: [worker] })
  await using none = await t0.socket('a', ['jobs:read'], 'jobs')
  await using holder = await t0.socket('a', ['jobs:read', 'worker:audit'], 'jobs')
  await using owner = await t0.socket('a', ['jobs:read', 'rbac:read'], 'jobs')
  const begun = await (await t0.as('a', ['jobs:read', 'rbac:read'])).post('/worker/secret', {})
  t.is((await until(holder, begun.body.id)).at(-1)?.name, 'secret')
  t.is((await until(owner, begun.body.id)).at(-1)?.name, 'secret')
  const open = await (await t0.as('a')).post('/worker/open', {})
  const heard = await until(none, open.body.id)
  t.deepEqual(new Set(heard.map(({ name }) => name)), new Set(['open']))
})
