import test from 'ava'
import { withFleet } from './fleet.ts'

test(
  'a key is shown once, under both names, and stored as its hash',
  withFleet(async (t, { user, kernel }) => {
    const { status, body } = await user.post('/edge/keys', { label: 'Line 1', max_uses: 3 })
    t.is(status, 201)
    t.regex(body.provisioning_key, /^prov_[\w-]{43}$/)
    t.is(body.key, body.provisioning_key)
    t.like(body, { label: 'Line 1', max_uses: 3, uses: 0, state: 'active', expires_at: null, site_id: null })
    const [row] = await kernel.kernel.runtime.database.knex('edge_provisioning_keys')
    t.regex(row.key, /^[0-9a-f]{64}$/)
    const { body: list, text } = await user.get('/edge/keys')
    t.deepEqual(
      list.items.map(({ id, state }: { id: string; state: string }) => [id, state]),
      [[body.id, 'active']],
    )
    t.false(text.includes(body.key))
    const lines = JSON.stringify(await kernel.audit('a'))
    t.true(lines.includes('edge-key.created'))
    t.false(lines.includes(body.key))
  }),
)

test(
  'a repeat under the same idempotency key does not show the key again',
  withFleet(async (t, { user }) => {
    const headers = { 'idempotency-key': 'once' }
    const first = await user.post('/edge/keys', { label: 'Line 1' }, headers)
    const second = await user.post('/edge/keys', { label: 'Line 1' }, headers)
    t.is(first.status, 201)
    t.false(second.text.includes(first.body.key))
    t.is((await user.get('/edge/keys')).body.items.length, 1)
  }),
)

test(
  'the state of a key follows from its time, its uses and its end',
  withFleet(async (t, fleet) => {
    const { user, kernel } = fleet
    const tomorrow = new Date(kernel.clock.now().getTime() + 86_400_000).toISOString()
    await fleet.register(await fleet.provisioningKey({ label: 'used', max_uses: 1 }))
    await fleet.provisioningKey({ label: 'expired', expires_at: tomorrow })
    const revoked = await user.post('/edge/keys', { label: 'revoked' })
    t.is((await user.delete(`/edge/keys/${revoked.body.id}`)).status, 204)
    t.is((await user.delete(`/edge/keys/${revoked.body.id}`)).status, 204, 'again is harmless')
    await fleet.provisioningKey({ label: 'good' })
    kernel.clock.advance(25 * 3_600_000)
    const { items } = (await (await startAgain(fleet)).get('/edge/keys')).body
    t.deepEqual(Object.fromEntries(items.map(({ label, state }: { label: string; state: string }) => [label, state])), {
      used: 'used_up',
      expired: 'expired',
      revoked: 'revoked',
      good: 'active',
    })
    t.is(items.find(({ label }: { label: string }) => label === 'used').uses, 1)
  }),
)

/** A user whose token has not expired with the day. */
const startAgain = ({ kernel }: Parameters<Parameters<typeof withFleet>[0]>[1]) => kernel.as('a', ['edge-keys:manage'])

test(
  'a key that cannot be is refused',
  withFleet(async (t, { user, kernel }) => {
    const past = new Date(kernel.clock.now().getTime() - 1000).toISOString()
    for (const [body, path] of [
      [{}, 'body.label'],
      [{ label: '' }, 'body.label'],
      [{ label: 'x', max_uses: 0 }, 'body.max_uses'],
      [{ label: 'x', expires_at: past }, 'body.expires_at'],
      [{ label: 'x', expires_at: 'tomorrow' }, 'body.expires_at'],
      [{ label: 'x', site_id: '01890a5d-ac96-774b-bcce-b302099a8057' }, 'body.site_id'],
      [{ label: 'x', key: 'prov_mine' }, 'body.key'],
    ] as const) {
      const answer = await user.post('/edge/keys', body)
      t.is(answer.status, 422, JSON.stringify(body))
      t.is(answer.body.errors[0].path, path)
    }
    t.is((await user.delete('/edge/keys/01890a5d-ac96-774b-bcce-b302099a8057')).status, 404)
  }),
)

test(
  'a key forgets its site when that is deleted',
  withFleet(async (t, fleet) => {
    const { user, kernel } = fleet
    const site = (await user.post('/sites', { name: 'Plant North' })).body
    const key = await fleet.provisioningKey({ site_id: site.id })
    t.is((await user.delete(`/sites/${site.id}`)).status, 204)
    await kernel.settled()
    t.is((await user.get('/edge/keys')).body.items[0].site_id, null)
    t.is((await fleet.register(key)).status, 201)
  }),
)
