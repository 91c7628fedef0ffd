import test from 'ava'
import { signWebhook } from '../../../kernel/tenancy/webhook-signature.ts'
import { AccessHouse, HMAC_SECRET } from '../access/access-house.ts'

const URL = '/internal/license/refresh'
const json = { 'content-type': 'application/json' }

test('the webhook answers 401 before it looks at the body', async t => {
  const house = await AccessHouse.open(t)
  const { tenantId } = await house.register()
  const body = JSON.stringify({ tenant_id: tenantId, plan: 'p', features: ['vpn'], expires_at: '2030-01-01T00:00:00Z' })
  const send = (headers: Record<string, string>, sent = body) =>
    house.send('POST', URL, { body: sent, headers: { ...json, ...headers } })
  for (const answer of [
    await send({}),
    await send({ 'x-hmac-signature': signWebhook('wrong', body) }),
    await send({ 'x-hmac-signature': signWebhook(HMAC_SECRET, `${body} `) }),
    await send({ 'x-hmac-signature': 'sha256=00' }, '{'),
  ]) {
    t.is(answer.status, 401)
    t.is(answer.body.error, 'invalid_signature')
  }
  const accepted = await send({ 'x-hmac-signature': signWebhook('the-secret-before', body) })
  t.is(accepted.status, 200, 'the second secret, during a rotation')
})

test('a stamped webhook cannot be replayed after five minutes, nor without its stamp', async t => {
  const house = await AccessHouse.open(t)
  const { tenantId } = await house.register()
  const body = JSON.stringify({ tenant_id: tenantId, plan: 'p', features: [], expires_at: '2030-01-01T00:00:00Z' })
  const stamp = String(house.clock.time / 1000)
  const signature = { ...json, 'x-hmac-signature': signWebhook(HMAC_SECRET, body, stamp) }
  const send = (headers: Record<string, string>) => house.send('POST', URL, { body, headers })
  const first = await send({ ...signature, 'x-hmac-timestamp': stamp })
  t.is(first.status, 200)
  t.deepEqual((await send({ ...signature, 'x-hmac-timestamp': stamp })).body, first.body, 'sent again at once')
  t.is((await send(signature)).status, 401)
  house.clock.forward(300_001)
  t.is((await send({ ...signature, 'x-hmac-timestamp': stamp })).status, 401)
})

test('what is signed but wrong is refused: 404, 422, 400', async t => {
  const house = await AccessHouse.open(t)
  const send = (body: string | Buffer) =>
    house.send('POST', URL, { body, headers: { ...json, 'x-hmac-signature': signWebhook(HMAC_SECRET, body) } })
  const licence = {
    tenant_id: '01900000-0000-7000-8000-000000000000',
    plan: 'p',
    features: [],
    expires_at: '2030-01-01T00:00:00Z',
  }
  const nobody = await send(JSON.stringify(licence))
  t.is(nobody.status, 404)
  t.is(nobody.body.error, 'tenant_not_found')
  const bad = await send(JSON.stringify({ ...licence, expires_at: 'soon' }))
  t.is(bad.status, 422)
  t.is(bad.body.errors[0].path, 'body.expires_at')
  t.is((await send('{')).status, 400)
  const latin1 = Buffer.from(JSON.stringify({ ...licence, plan: 'Gr\u00f6\u00dfe' }), 'latin1')
  t.is((await send(latin1)).body.error, 'malformed')
})

test('a licence from the future is refused, so that it cannot shut out the ones to come', async t => {
  const house = await AccessHouse.open(t)
  const { tenantId } = await house.register()
  const send = (issuedIn: number, features: readonly string[]) => {
    const issued_at = new Date(house.clock.time + issuedIn).toISOString()
    const licence = { tenant_id: tenantId, plan: 'p', features, expires_at: '2099-01-01T00:00:00Z', issued_at }
    const body = JSON.stringify(licence)
    return house.send('POST', URL, { body, headers: { ...json, 'x-hmac-signature': signWebhook(HMAC_SECRET, body) } })
  }
  const refused = await send(300_001, ['backup'])
  t.is(refused.status, 422)
  t.is(refused.body.error, 'invalid')
  t.is(refused.body.errors[0].path, 'body.issued_at')
  t.regex(refused.body.errors[0].message, /^must not be more than five minutes ahead of /)
  t.deepEqual((await send(0, ['vpn'])).body.features, ['vpn'])
  t.deepEqual((await send(300_000, ['backup'])).body.features, ['backup'], 'clocks may differ a little')
})
