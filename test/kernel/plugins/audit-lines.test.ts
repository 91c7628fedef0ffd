import test from 'ava'
import { z } from 'zod'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { smallPlugin } from './small-plugin.ts'

const done = { summary: 's', permission: 'signed-in', handle: () => undefined } as const
const ID = '01890a5d-ac96-774b-bcce-b302099a8057'
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

const things = smallPlugin('things', kit => {
  kit.route('GET /things', done)
  kit.route('POST /things', { ...done, returns: z.object({ id: z.string() }), status: 201, handle: () => ({ id: ID }) })
  kit.route('PUT /things/:id', done)
  kit.route('PATCH /things/:id', done)
  kit.route('DELETE /things/:id', done)
  kit.route('POST /things/:id/approve', done)
  kit.route('POST /things/named', { ...done, audit: { action: 'thing.weighed', resourceType: 'scale' } })
  kit.route('POST /things/dry-run', { ...done, audit: false })
  kit.route('POST /things/own', {
    ...done,
    handle: (_input, { call }) =>
      call.audit({
        resourceType: 'thing',
        resourceId: ID,
        before: { colour: 'red', password_hash: 'h', same: 1 },
        after: { colour: 'blue', api_token: 'tok-123', same: 1 },
      }),
  })
})

test('every write leaves a line, named after its route unless it says otherwise', async t => {
  await using house = await startTestKernel({ plugins: [things] })
  const user = await house.as('a')
  const before = (await house.audit('a')).length
  await user.get('/things')
  await user.post('/things')
  await user.put(`/things/${ID}`)
  await user.patch(`/things/${ID}`)
  await user.delete(`/things/${ID}`)
  await user.post(`/things/${ID}/approve`)
  await user.post('/things/named')
  await user.post('/things/dry-run')
  await user.post('/things/own')
  const lines = (await house.audit('a')).slice(before)
  t.deepEqual(
    lines.map(line => [line.action, line.resource_type, line.resource_id]),
    [
      ['things.created', 'things', ID],
      ['things.replaced', 'things', ID],
      ['things.updated', 'things', ID],
      ['things.deleted', 'things', ID],
      ['things.approve', 'things', ID],
      ['thing.weighed', 'scale', null],
      ['things.own', 'thing', ID],
    ],
  )
  t.deepEqual(await house.audit('b').then(rows => rows.filter(({ action }) => String(action).startsWith('thing'))), [])
})

test('a line says who, from where, when and under which trace', async t => {
  await using house = await startTestKernel({ plugins: [things] })
  const user = await house.as('a')
  const { body: me } = await user.get('/me')
  await user.patch(`/things/${ID}`, undefined, { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` })
  const line = (await house.audit('a')).at(-1)
  t.like(line, {
    user_id: me.id,
    actor_kind: 'user',
    actor_id: me.id,
    ip_address: '127.0.0.1',
    trace_id: TRACE,
    created_at: house.clock.now().toISOString(),
  })
})

test('a line holds what differs, and no secrets', async t => {
  await using house = await startTestKernel({ plugins: [things] })
  await (await house.as('a')).post('/things/own')
  const line = (await house.audit('a')).at(-1)
  t.deepEqual(JSON.parse(String(line?.before)), { colour: 'red' })
  t.deepEqual(JSON.parse(String(line?.after)), { colour: 'blue' })
})

test('a refused write leaves no line', async t => {
  await using house = await startTestKernel({ plugins: [things] })
  const user = await house.as('a')
  const before = (await house.audit('a')).length
  t.is((await user.patch('/things/not-an-id')).status, 422)
  t.is((await house.anonymous.patch(`/things/${ID}`)).status, 401)
  t.is((await house.audit('a')).length, before)
})
