import test from 'ava'
import { z } from 'zod'
import { newId, problem } from '../../../kernel/contract.ts'
import type { Client } from '../../../kernel/testing/client.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { refusal } from '../http/echo.ts'
import { type Hold, hold, smallPlugin } from './small-plugin.ts'

const Kind = z.enum(['well', 'badly', 'refused', 'held'])

/** A plugin of the feature `worker` with a job for a tenant and one for the platform. */
const worker = (held: Hold = hold()) =>
  smallPlugin(
    'worker',
    kit => {
      kit.job('dig', {
        scope: 'tenant',
        retries: 0,
        data: z.object({ kind: Kind }),
        async run({ kind }, { call, progress }) {
          progress({ done: 1, total: 2, message: 'digging' })
          if (kind === 'held') await held.wait()
          if (kind === 'badly') throw new Error('internal detail 4711')
          if (kind === 'refused') throw problem('conflict', 'There is a pipe here.')
          return { for: call.tenant.name, by: call.actor.id }
        },
      })
      kit.job('survey', {
        scope: 'tenant',
        permission: 'worker:read',
        data: z.object({}),
        run: async () => ({ found: 'oil' }),
      })
      kit.route('POST /worker/survey', {
        summary: 's',
        permission: 'signed-in',
        status: 202,
        returns: z.object({ job_id: z.string() }),
        handle: async (_input, { call }) => ({ job_id: await call.enqueue('survey', {}) }),
      })
      kit.job('sweep', {
        scope: 'platform',
        data: z.object({}),
        run: async (_data, { call }) => ({ tenants: (await call.db.table('tenants').select('id')).length }),
      })
      kit.route('POST /worker', {
        summary: 's',
        permission: 'signed-in',
        body: z.strictObject({ kind: Kind, unique: z.string().optional() }),
        status: 202,
        returns: z.object({ job_id: z.string() }),
        handle: async ({ body: { kind, unique } }, { call }) => ({
          job_id: await call.enqueue('dig', { kind }, unique === undefined ? {} : { unique }),
        }),
      })
      kit.platformRoute('POST /internal/worker', {
        summary: 's',
        access: 'internal-token',
        status: 202,
        returns: z.object({ job_id: z.string() }),
        handle: async (_input, { call }) => ({ job_id: await call.enqueue('sweep', {}) }),
      })
    },
    { feature: 'worker', segments: ['worker', 'internal/worker'], permissions: { 'worker:read': 'See what was dug' } },
  )

const begin = async (user: Client, kind: string, unique?: string): Promise<string> => {
  const { body } = await user.post('/worker', { kind, ...(unique === undefined ? {} : { unique }) })
  return body.job_id
}

test('a job of a tenant runs for it, and the tenant reads what came of it', async t => {
  await using house = await startTestKernel({ plugins: [worker()] })
  const user = await house.as('a')
  const id = await begin(user, 'well')
  await house.finished(id)
  const { status, body } = await user.get(`/jobs/${id}`)
  t.is(status, 200)
  t.like(body, { id, plugin: 'worker', name: 'dig', status: 'succeeded', attempts: 1, error: null })
  t.deepEqual(body.result, { for: 'tenant-a', by: 'worker' })
})

test('a job with a permission of its own is read by who has it, and by who began it', async t => {
  await using house = await startTestKernel({ plugins: [worker()] })
  const beginner = await house.as('a', ['jobs:read'])
  const id = (await beginner.post('/worker/survey')).body.job_id
  await house.finished(id)
  const read = async (permissions: string[]) => (await house.as('a', permissions)).get(`/jobs/${id}`)
  t.deepEqual((await beginner.get(`/jobs/${id}`)).body.result, { found: 'oil' })
  t.deepEqual((await read(['jobs:read', 'worker:read'])).body.result, { found: 'oil' })
  const refused = await read(['jobs:read', 'users:read'])
  t.is(refusal(refused), '403 forbidden')
  t.is(refused.body.detail, 'This job is of the plugin "worker": reading it needs the permission "worker:read", too.')
  t.is(refusal(await read(['worker:read'])), '403 forbidden', 'jobs:read is needed as well')
  t.is(refusal(await (await house.as('b')).get(`/jobs/${id}`)), '404 not_found')
  const dug = await begin(beginner, 'well')
  await house.finished(dug)
  t.is(
    (await (await house.as('a', ['jobs:read', 'users:read'])).get(`/jobs/${dug}`)).status,
    200,
    'it asks for nothing',
  )
})

test('progress is there to read while the job runs', async t => {
  const held = hold()
  await using house = await startTestKernel({ plugins: [worker(held)] })
  const user = await house.as('a')
  const id = await begin(user, 'held')
  await held.entered
  let { body } = await user.get(`/jobs/${id}`)
  while (body.progress === null) body = (await user.get(`/jobs/${id}`)).body
  t.like(body, { status: 'running', finished_at: null })
  t.deepEqual(body.progress, { done: 1, total: 2, message: 'digging' })
  held.release()
  t.is((await house.finished(id)).status, 'succeeded')
})

test('the job of another tenant is not there, nor one of the platform', async t => {
  await using house = await startTestKernel({ plugins: [worker()] })
  const id = await begin(await house.as('a'), 'well')
  const { body } = await house.internal.post('/internal/worker')
  const other = await house.as('b')
  t.is(refusal(await other.get(`/jobs/${id}`)), '404 not_found')
  t.is(refusal(await other.get(`/jobs/${body.job_id}`)), '404 not_found')
  t.is(refusal(await other.get(`/jobs/${newId()}`)), '404 not_found')
  await house.finished(body.job_id)
  const shown = await house.internal.get(`/internal/jobs/${body.job_id}`)
  t.like(shown.body, { name: 'sweep', status: 'succeeded', result: { tenants: 2 } })
  t.is((await house.internal.get(`/internal/jobs/${id}`)).status, 200)
})

test('a tenant reads why its job was refused, and nothing of a fault of ours', async t => {
  await using house = await startTestKernel({ plugins: [worker()] })
  const user = await house.as('a')
  const [refused, broken] = [await begin(user, 'refused'), await begin(user, 'badly')]
  await house.finished(refused)
  await house.finished(broken)
  t.is((await user.get(`/jobs/${refused}`)).body.error, 'There is a pipe here.')
  const { body, text } = await user.get(`/jobs/${broken}`)
  t.is(body.status, 'failed')
  t.regex(body.error, /Something went wrong on our side.*[0-9a-f]{32}$/)
  t.false(text.includes('4711'))
})

test('a job that is queued under a key is not queued again', async t => {
  const held = hold()
  await using house = await startTestKernel({ plugins: [worker(held)] })
  const user = await house.as('a')
  const running = await begin(user, 'held')
  await held.entered
  const [first, second] = [await begin(user, 'well', 'k'), await begin(user, 'well', 'k')]
  t.is(first, second)
  t.not(first, running)
  t.not(await begin(await house.as('b'), 'well', 'k'), first)
  held.release()
  await house.settled()
})

test('a job of a tenant that has lost the feature is skipped', async t => {
  const held = hold()
  await using house = await startTestKernel({ plugins: [worker(held)] })
  const [a, b] = [await house.as('a'), await house.as('b')]
  const first = await begin(b, 'held')
  await held.entered
  const waiting = await begin(a, 'well')
  await house.licence('a', [])
  held.release()
  await house.finished(first)
  t.deepEqual((await house.finished(waiting)).result, { skipped: 'the plugin is off for this tenant' })
})

test('jobs wait while no tenant has the plugin, and run when one has it again', async t => {
  const held = hold()
  await using house = await startTestKernel({ plugins: [worker(held)] })
  const a = await house.as('a')
  const first = await begin(a, 'held')
  await held.entered
  const waiting = await begin(a, 'well')
  const off = Promise.all([house.licence('a', []), house.licence('b', [])])
  while (house.kernel.catalogue.byName('worker')?.state === 'running') await new Promise(setImmediate)
  held.release()
  await off
  t.is((await house.kernel.runtime.scheduler.runs.findAny(waiting))?.status, 'queued')
  await house.licence('a', ['worker'])
  t.is((await house.finished(waiting)).status, 'succeeded')
  await house.finished(first)
})

test('data that does not fit the schema is never queued', async t => {
  await using house = await startTestKernel({ plugins: [worker()] })
  await t.throwsAsync(house.job('worker', 'dig', { kind: 'deep' }, 'a'), { name: 'ZodError' })
  t.is((await house.kernel.runtime.database.knex('job_runs').where({ plugin: 'worker' })).length, 0)
})
