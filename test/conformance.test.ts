import path from 'node:path'
import test from 'ava'
import { newId } from '../kernel/data/id.ts'
import { BUNDLED_PLUGINS } from '../kernel/plugins/bundled.ts'
import { discover } from '../kernel/plugins/discover.ts'
import { conformance } from '../kernel/testing/conformance.ts'

const { found, rejected } = await discover([BUNDLED_PLUGINS], [])
const bundled = found.map(({ plugin }) => plugin.name)

test('every folder in plugins/ holds a plugin', t => {
  t.deepEqual(rejected, [])
  t.true(bundled.length > 0)
})

conformance(test, [...bundled, 'access', 'licences', 'jobs', 'audit', 'notifications'], {
  readme: name => (bundled.includes(name) ? path.join(BUNDLED_PLUGINS, name, 'README.md') : undefined),
  async guest(t, tenant) {
    const { body } = await (await t.as(tenant)).post('/edge/keys', { label: 'Line 2' })
    const header = { 'x-provisioning-key': body.provisioning_key }
    const { status, body: device, text } = await t.anonymous.post('/devices/register', { name: 'edge-2' }, header)
    if (status !== 201) throw new Error(`a device could not be made: ${text}`)
    return device.device_key
  },
  async fill(t) {
    const user = await t.as('a')
    const { status, text } = await user.post('/assets/import?async=true', 'name,type\nFrom a file,plc\n', {
      'content-type': 'text/csv',
    })
    if (status !== 202) throw new Error(`a job could not be made: ${text}`)
    const key = await user.post('/edge/keys', { label: 'Line 1' })
    if (key.status !== 201) throw new Error(`a provisioning key could not be made: ${key.text}`)
    const apiKey = await user.post('/api-keys', { name: 'Robot', permissions: ['assets:read'] })
    if (apiKey.status !== 201) throw new Error(`an API key could not be made: ${apiKey.text}`)
    const domain = await user.post('/settings/email-domains', { domain: 'corp.example' })
    if (domain.status !== 201) throw new Error(`an e-mail domain could not be made: ${domain.text}`)
    const invited = await user.post('/users/invite', { email: 'new@corp.example' })
    if (invited.status !== 201) throw new Error(`an invitation could not be made: ${invited.text}`)
    const me = (await user.get('/me')).body.id
    await t.kernel.runtime.database.knex('user_identities').insert({
      id: newId(),
      tenant_id: t.tenantId('a'),
      user_id: me,
      issuer: 'https://id.corp.example',
      subject: 'somebody',
      last_used_at: t.clock.now().toISOString(),
      created_at: t.clock.now().toISOString(),
    })
    await t.job(
      'notifications',
      'deliver',
      { kind: 'devices.device-offline', notice_id: me, title: 'Lost', to: { users: [me] } },
      'a',
    )
  },
})
