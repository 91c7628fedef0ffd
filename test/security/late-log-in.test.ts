import test from 'ava'
import { AccessHouse, quick } from '../kernel/access/access-house.ts'
import { managementServer } from '../kernel/tenancy/management-server.ts'
import { DAY } from '../kernel/tenancy/tenancy-house.ts'

test('a log-in that waits for the licence does not go on with a password that was changed meanwhile', async t => {
  const management = await managementServer(t)
  const house = await AccessHouse.open(t, { MANAGEMENT_API_URL: `${management.url}/` })
  const { email, tenantId, userId } = await house.register()
  const expires_at = new Date(house.clock.time + 30 * DAY).toISOString()
  management.json({ tenant_id: tenantId, plan: 'enterprise', features: [], expires_at })
  const { answer } = management
  management.answer = async (request, response) => {
    const password_hash = await quick.hash('a quiet heron on the ledge')
    await house.database.table('users').where('id', userId).update({ password_hash })
    answer(request, response)
  }
  const { status, body, cookie } = await house.login(email)
  t.deepEqual([status, body.error, cookie], [401, 'invalid_credentials', undefined])
  const open = await house.database.table('refresh_tokens').where('user_id', userId).whereNull('revoked_at')
  t.deepEqual(open, [])
})
