import test from 'ava'
import { line, startYard, withYard } from './yard.ts'

const DAY_MS = 86_400_000

test(
  'events go when they are older than the tenant keeps them, however many they are',
  withYard(async (t, { kernel, device, register, user }) => {
    const stranger = await register('b')
    const lines = Array.from({ length: 700 }, (_, at) => line(`old ${at}`))
    await device.send(lines)
    await stranger.send([line('theirs')])
    t.deepEqual((await user.get('/ingest/settings')).body, { retention_days: 30 })
    t.is((await user.put('/ingest/settings', { retention_days: 10 })).status, 200)
    kernel.clock.advance(9 * DAY_MS)
    await device.send([line('new', { timestamp: '2020-01-01T00:00:00Z' })])
    t.like(await kernel.job('ingest', 'retention', {}, 'a'), { status: 'succeeded', result: { deleted: 0 } })
    kernel.clock.advance(2 * DAY_MS)
    t.like(await kernel.job('ingest', 'retention', {}, 'a'), { status: 'succeeded', result: { deleted: 700 } })
    t.like(await kernel.job('ingest', 'retention', {}, 'b'), { result: { deleted: 0 } })
    const later = await kernel.as('a', ['devices:read'])
    t.is((await later.get('/ingest/events')).body.items.length, 1, 'what counts is when an event came in')
    t.is((await kernel.audit('a')).filter(({ action }) => action === 'retention.updated').length, 1)
  }),
)

test('a tenant keeps events for 1 to 365 days; a deployment says what holds for the others', async t => {
  await using yard = await startYard({ env: { INGEST_RETENTION_DAYS: '90' } })
  const { user, kernel } = yard
  t.deepEqual((await user.get('/ingest/settings')).body, { retention_days: 90 })
  for (const retention_days of [0, 366, 1.5, '30', null]) {
    t.is((await user.put('/ingest/settings', { retention_days })).status, 422, String(retention_days))
  }
  const reader = await kernel.as('a', ['devices:read'])
  t.is((await reader.put('/ingest/settings', { retention_days: 5 })).status, 403)
  t.deepEqual((await (await kernel.as('b')).get('/ingest/settings')).body, { retention_days: 90 })
})

test('it is the setting that an administrator sees among the others', async t => {
  await using yard = await startYard()
  const { user, kernel } = yard
  t.is((await user.patch('/settings/retention', { ingest_retention_days: 3 })).status, 200)
  t.deepEqual((await user.get('/ingest/settings')).body, { retention_days: 3 })
  await user.put('/ingest/settings', { retention_days: 4 })
  t.like((await user.get('/settings/retention')).body, { ingest_retention_days: 4 })
  t.deepEqual((await (await kernel.as('b')).get('/ingest/settings')).body, { retention_days: 30 })
})

test('what a tenant had set with an earlier version counts until it is set again', async t => {
  await using yard = await startYard()
  const { user, kernel } = yard
  const row = { tenant_id: kernel.tenantId('a'), retention_days: 77, updated_at: new Date().toISOString() }
  await kernel.kernel.runtime.database.knex('ingest_settings').insert(row)
  t.deepEqual((await user.get('/ingest/settings')).body, { retention_days: 77 })
  await user.put('/ingest/settings', { retention_days: 5 })
  t.deepEqual((await user.get('/ingest/settings')).body, { retention_days: 5 })
})
