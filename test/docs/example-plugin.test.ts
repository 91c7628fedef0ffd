import path from 'node:path'
import test from 'ava'
import { startTestKernel } from '../../kernel/testing/test-kernel.ts'

const EXAMPLES = path.join(import.meta.dirname, '..', '..', 'examples')

test('the plugin of the guide runs beside those of the product', async t => {
  await using kernel = await startTestKernel({ env: { PLUGIN_DIRS: EXAMPLES, WORK_ORDERS_DUE_DAYS: '0' } })
  t.is(kernel.kernel.catalogue.byName('work-orders')?.state, 'running')
  const user = await kernel.as('a')

  const site = await user.post('/sites', { name: 'Plant North' })
  const made = await user.post('/work-orders', { title: 'Replace fan', site_id: site.body.id })
  t.like(made, { status: 201, body: { due_on: kernel.clock.now().toISOString().slice(0, 10) } })

  await user.delete(`/sites/${site.body.id}`)
  await kernel.settled()
  t.is((await user.get(`/work-orders/${made.body.id}`)).body.site_id, null)

  const { body: document } = await kernel.anonymous.get('/openapi.json')
  t.truthy(document.paths['/api/v1/work-orders/{id}/complete'].post)
  const { body: permissions } = await user.get('/rbac/permissions')
  t.true(permissions.items.some(({ key }: { key: string }) => key === 'work-orders:manage'))
})

test('a tenant without the feature cannot reach it', async t => {
  await using kernel = await startTestKernel({ env: { PLUGIN_DIRS: EXAMPLES } })
  await kernel.licence('b', [])
  const user = await kernel.as('b')
  t.like(await user.get('/work-orders'), { status: 403, body: { error: 'feature_disabled' } })
  t.is((await user.get('/me/features')).body['work-orders'], false)
  t.is((await (await kernel.as('a')).get('/work-orders')).status, 200)
})
