import test from 'ava'
import { z } from 'zod'
import { CallCore } from '../../../kernel/call.ts'
import { definePlugin } from '../../../kernel/contract.ts'
import { newId } from '../../../kernel/data/id.ts'
import { startTestKernel, type TestKernel } from '../../../kernel/testing/test-kernel.ts'
import { logIn, panel, platformLines } from './operators.ts'

/** A plugin with a job of tenants that fails until it is mended, and one of the platform. */
function pumps() {
  const state = { broken: true }
  const plugin = definePlugin({
    name: 'pumps',
    version: '1.0.0',
    title: 'Pumps',
    segments: ['pumps'],
    setup(kit) {
      kit.job('drain', {
        scope: 'tenant',
        data: z.object({ secret: z.string().optional() }),
        retries: 0,
        async run() {
          if (state.broken) throw new Error('the drain is blocked')
          return { litres: 3 }
        },
      })
      kit.job('survey', { scope: 'platform', data: z.object({}), run: async () => ({ pumps: 7 }) })
    },
  })
  return { plugin: plugin as never, state }
}

const queue = async (t: TestKernel, name: string, tenant?: 'a' | 'b', data: object = {}): Promise<string> => {
  const host = t.kernel.catalogue.byName('pumps')
  const core = new CallCore(t.kernel.runtime, { actor: { kind: 'service', id: 'test' } })
  const options = tenant ? { tenantId: t.tenantId(tenant) } : {}
  return (await host?.enqueue(core, name, data, options)) as string
}

test('runs of all tenants and of the platform are listed, filtered and paged, without their data', async t => {
  const { plugin } = pumps()
  await using kernel = await startTestKernel({ plugins: [plugin], env: panel })
  const { client } = await logIn(kernel)
  const a = await queue(kernel, 'drain', 'a', { secret: 'of the tenant' })
  const b = await queue(kernel, 'drain', 'b')
  const survey = await queue(kernel, 'survey')
  for (const id of [a, b, survey]) await kernel.finished(id)
  const ids = async (query: string): Promise<string[]> =>
    (await client.get(`/admin/jobs?plugin=pumps&${query}`)).body.items.map(({ id }: { id: string }) => id).sort()
  t.deepEqual(await ids(''), [a, b, survey].sort())
  t.deepEqual(await ids('status=failed'), [a, b].sort())
  t.deepEqual(await ids('status=failed,succeeded&name=survey'), [survey])
  t.deepEqual(await ids(`tenant_id=${kernel.tenantId('a').toUpperCase()}`), [a])
  t.deepEqual(await ids('status=running'), [])
  t.is((await client.get('/admin/jobs?status=nonsense')).status, 422)
  t.is((await client.get(`/admin/jobs?tenant_id=${newId()}`)).body.error, 'tenant_not_found')

  const one = await client.get(`/admin/jobs/${a}`)
  t.like(one.body, { id: a, tenant_id: kernel.tenantId('a'), status: 'failed' })
  t.regex(one.body.error, /Quote the trace id/)
  t.false(one.text.includes('of the tenant'))
  const page = await client.get('/admin/jobs?plugin=pumps&limit=2')
  const rest = await client.get(`/admin/jobs?plugin=pumps&limit=2&cursor=${page.body.next_cursor}`)
  t.is(new Set([...page.body.items, ...rest.body.items].map(({ id }) => id)).size, 3)

  const lines = (await kernel.audit('a')).filter(({ resource_type }) => resource_type === 'job')
  t.deepEqual(
    lines.map(({ action, resource_id }) => [action, resource_id]),
    [
      ['jobs.viewed', null],
      ['job.viewed', a],
    ],
  )
  t.true((await platformLines(kernel)).every(({ action }) => action === 'admin.jobs.viewed'))
})

test('a failed run is done once more, whosever it is', async t => {
  const { plugin, state } = pumps()
  await using kernel = await startTestKernel({ plugins: [plugin], env: panel })
  const { client } = await logIn(kernel)
  const id = await queue(kernel, 'drain', 'a')
  await kernel.finished(id)
  state.broken = false
  const retried = await client.post(`/admin/jobs/${id}/retry`)
  t.is(retried.status, 200)
  t.like(retried.body, { id, status: 'queued' })
  const run = await kernel.finished(id)
  t.like(run, { status: 'succeeded', result: { litres: 3 }, attempts: 2 })
  t.is((await client.post(`/admin/jobs/${id}/retry`)).status, 409)
  t.is((await client.post(`/admin/jobs/${newId()}/retry`)).status, 404)
  t.like((await kernel.audit('a')).at(-1), { action: 'job.retried', resource_id: id })
})

test('a job that is switched off waits until it is on again, and both are in the log', async t => {
  const { plugin } = pumps()
  await using kernel = await startTestKernel({ plugins: [plugin], env: panel })
  const { client, id: operator } = await logIn(kernel)
  const path = '/admin/jobs/definitions/pumps/survey/disabled'
  const off = await client.put(path)
  t.like(off.body, { plugin: 'pumps', name: 'survey', scope: 'platform', disabled: true, disabled_by: operator })
  t.like((await client.put(path)).body, { disabled: true, disabled_by: operator }, 'again changes nothing')
  const waiting = await queue(kernel, 'survey')
  const going = await queue(kernel, 'drain', 'a')
  await kernel.finished(going)
  const listed = async () => {
    const { body } = await client.get('/admin/jobs/definitions')
    return body.items.filter(({ plugin }: { plugin: string }) => plugin === 'pumps')
  }
  const [drain, survey] = await listed()
  t.like(drain, { name: 'drain', scope: 'tenant', disabled: false, disabled_at: null, failed: 1, queued: 0 })
  t.like(survey, { name: 'survey', disabled: true, disabled_at: kernel.clock.now().toISOString(), queued: 1 })
  t.is((await client.delete(path)).status, 204)
  t.is((await client.delete(path)).status, 204, 'again changes nothing')
  t.is((await kernel.finished(waiting)).status, 'succeeded')
  t.false((await listed())[1].disabled)
  const switched = (await platformLines(kernel)).filter(({ resource_id }) => resource_id === 'pumps/survey')
  t.deepEqual(
    switched.map(({ action }) => action),
    ['job.disabled', 'job.enabled'],
  )
  const absent = await client.put('/admin/jobs/definitions/pumps/paint/disabled')
  t.is(absent.status, 404)
  t.is((await client.put('/admin/jobs/definitions/pumps/..%2F..%2Fx/disabled')).status, 422)
})
