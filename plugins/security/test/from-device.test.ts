import test from 'ava'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'

test('what a device sends reaches the people and the registry it concerns', async t => {
  await using kernel = await startTestKernel()
  const user = await kernel.as('a')
  const site = (await user.post('/sites', { name: 'Plant North' })).body.id
  const { provisioning_key } = (await user.post('/edge/keys', { label: 'Line 1', site_id: site })).body
  const { device_id, device_key } = (
    await kernel.anonymous.post('/devices/register', { name: 'edge' }, { 'x-provisioning-key': provisioning_key })
  ).body
  const device = { 'x-device-key': device_key }
  const timestamp = '2026-01-02T03:04:05Z'
  await using socket = await kernel.socket('a', ['security:read'], 'security')

  const seen = { kind: 'discovery', timestamp, data: { ip: '10.0.0.1', mac: '00:1b:1b:00:00:01', hostname: 'plc-1' } }
  t.is((await kernel.anonymous.post('/v1/ingest', [seen], device)).status, 204)
  await kernel.settled()
  const [asset] = (await user.get('/assets?lifecycle=discovered')).body.items
  t.like(asset, { name: 'plc-1', site_id: site, ip_address: '10.0.0.1', mac_address: '00:1b:1b:00:00:01' })

  const data = { title: 'Port scan', severity: 'high', source_ip: '192.0.2.7', destination_ip: '10.0.0.1' }
  const alert = { kind: 'security_alert', timestamp, data }
  t.is((await kernel.anonymous.post('/v1/ingest', [alert], device)).status, 204)
  const frame = await socket.next('alert')
  t.like(frame.data, { ...data, device_id, asset_id: asset.id, status: 'open' })

  await kernel.licence('a', [])
  t.is((await kernel.anonymous.post('/v1/ingest', [alert], device)).status, 204, 'a device needs no feature')
  t.is((await user.get('/security/alerts')).body.error, 'feature_disabled')
})
