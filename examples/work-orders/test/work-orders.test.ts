import test from 'ava'
import { testPlugin } from '../../../kernel/testing/test-plugin.ts'
import type { SiteDirectory } from '../../../plugins/sites/public.ts'
import workOrders from '../plugin.ts'

const SITE = '01890000-0000-7000-8000-000000000001'

/** Stands in for the plugin `sites`: one site, the same for both tenants. */
const sites: SiteDirectory = {
  find: async id => (id === SITE ? { id, name: 'Plant North' } : undefined),
  idsByName: async () => new Map(),
}

const start = () => testPlugin(workOrders, { fakes: { sites }, now: new Date('2026-03-02T08:00:00Z') })

test('a work order is made, changed and completed', async t => {
  await using kernel = await start()
  const user = await kernel.as('a', ['work-orders:read', 'work-orders:manage'])
  const made = await user.post('/work-orders', { title: 'Replace fan', site_id: SITE })
  t.is(made.status, 201)
  t.like(made.body, { title: 'Replace fan', site_id: SITE, due_on: '2026-03-16', status: 'open', overdue: false })

  const path = `/work-orders/${made.body.id}`
  const changed = await user.patch(path, { title: 'Replace both fans' }, { 'if-match': String(made.headers.etag) })
  t.is(changed.body.title, 'Replace both fans')
  const stale = await user.patch(path, { title: 'Too late' }, { 'if-match': String(made.headers.etag) })
  t.like(stale, { status: 412, body: { error: 'stale' } })

  t.like(await user.post(`${path}/complete`), { status: 200, body: { status: 'done' } })
  t.like(await user.post(`${path}/complete`), { status: 409, body: { error: 'conflict' } })
  const lines = await kernel.audit('a')
  t.deepEqual(
    lines.map(({ action }) => action).filter(action => String(action).startsWith('work_order')),
    ['work_order.created', 'work_order.updated', 'work_order.done'],
  )
})

test('a site that the tenant does not have is refused', async t => {
  await using kernel = await start()
  const user = await kernel.as('a')
  const answer = await user.post('/work-orders', { title: 'x', site_id: '01890000-0000-7000-8000-00000000000f' })
  t.like(answer, { status: 422, body: { errors: [{ path: 'body.site_id', message: 'no site has this id' }] } })
})

test('nobody reads without the permission, and no tenant sees another one', async t => {
  await using kernel = await start()
  const made = await (await kernel.as('a')).post('/work-orders', { title: 'Secret' })
  t.is((await (await kernel.as('a', ['work-orders:manage'])).get('/work-orders')).status, 403)
  const other = await kernel.as('b')
  t.deepEqual((await other.get('/work-orders')).body.items, [])
  t.is((await other.get(`/work-orders/${made.body.id}`)).status, 404)
})

test('the job marks what is overdue, and only that', async t => {
  await using kernel = await start()
  const user = await kernel.as('a')
  await user.post('/work-orders', { title: 'Soon', due_on: '2026-03-03' })
  await user.post('/work-orders', { title: 'Later', due_on: '2026-04-01' })
  kernel.clock.advance(2 * 86_400_000)
  const run = await kernel.job('work-orders', 'mark-overdue', {}, 'a')
  t.like(run, { status: 'succeeded', result: { marked: 1 } })
  const later = await kernel.as('a', ['work-orders:read'])
  const { items } = (await later.get('/work-orders?overdue=true')).body
  t.deepEqual(
    items.map(({ title }: { title: string }) => title),
    ['Soon'],
  )
})

test('those who manage work orders are told of what is overdue', async t => {
  await using kernel = await start()
  const user = await kernel.as('a')
  await user.post('/work-orders', { title: 'Soon', due_on: '2026-03-03' })
  kernel.clock.advance(2 * 86_400_000)
  await kernel.job('work-orders', 'mark-overdue', {}, 'a')
  await kernel.job('work-orders', 'mark-overdue', {}, 'a')
  t.deepEqual(await kernel.notices('a'), [
    {
      kind: 'work-orders.orders-overdue',
      to: { permission: 'work-orders:manage' },
      title: 'A work order is overdue',
      path: '/work-orders?overdue=true',
      unique: 'overdue',
    },
  ])
})

test('without the feature the routes are closed', async t => {
  await using kernel = await start()
  const user = await kernel.as('a')
  await kernel.licence('a', [])
  t.like(await user.get('/work-orders'), { status: 403, body: { error: 'feature_disabled' } })
  await kernel.licence('a', ['work-orders'])
  t.is((await user.get('/work-orders')).status, 200)
})
