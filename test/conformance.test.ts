import path from 'node:path'
import test from 'ava'
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
    const me = (await user.get('/me')).body.id
    await t.job(
      'notifications',
      'deliver',
      { kind: 'devices.device-offline', notice_id: me, title: 'Lost', to: { users: [me] } },
      'a',
    )
  },
})
