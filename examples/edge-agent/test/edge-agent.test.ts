import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { startTestKernel, type TestKernel } from '../../../kernel/testing/test-kernel.ts'
import { EdgeAgent } from '../edge-agent.ts'

const PUBLISH_TOKEN = 'publish-token-of-the-tests-0123456789'

async function scene(t: ExecutionContext) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'edge-agent-'))
  const server = await startTestKernel({
    env: { SNAP_PUBLISH_TOKEN: PUBLISH_TOKEN, SNAP_BLOB_LOCAL_ROOT: path.join(folder, 'blobs') },
    now: new Date(),
  })
  t.teardown(async () => {
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
  const url = (await server.socketUrl()).replace('ws:', 'http:')
  const admin = await server.as('a')
  const { body } = await admin.post('/edge/keys', { label: 'line 1' })
  const agent = (channel: 'socket' | 'poll' = 'socket'): EdgeAgent => {
    const made = new EdgeAgent({
      url,
      folder: path.join(folder, 'device'),
      facts: { name: 'edge-1', location: 'hall 2', type: 'network-sensor' },
      provisioningKey: body.provisioning_key,
      channel,
      uploadMs: 50,
    })
    t.teardown(() => made.stop())
    return made
  }
  return { server, url, admin, agent }
}

async function eventually<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = Date.now() + 15_000
  for (;;) {
    const seen = await look()
    if (seen) return seen
    if (Date.now() > deadline) throw new Error(`waited for ${what}`)
    await pause(20)
  }
}

/** Sends a command and waits for its end. */
async function commanded(server: TestKernel, agent: EdgeAgent, command: string, payload: object) {
  const admin = await server.as('a')
  const sent = await admin.post(`/devices/${agent.deviceId}/commands`, { command, payload })
  if (sent.status !== 201) throw new Error(JSON.stringify(sent.body))
  return eventually(`the end of ${command}`, async () => {
    const { body } = await admin.get(`/devices/${agent.deviceId}/commands/${sent.body.id}`)
    return !['queued', 'sent'].includes(body.status) && body
  })
}

for (const channel of ['socket', 'poll'] as const) {
  test(`by ${channel}: an agent registers, obeys, and tells what it sees`, async t => {
    const { server, admin, agent } = await scene(t)
    const device = agent(channel)
    await device.start()
    t.like(await commanded(server, device, 'restart_service', { service: 'snort' }), {
      status: 'completed',
      result: { service: 'snort', restarted: true },
    })
    device.events.add('security_alert', {
      title: 'Port scan',
      severity: 'high',
      source_ip: '10.0.0.9',
      destination_ip: '10.0.0.1',
      description: 'many ports in a short time',
    })
    const alert = await eventually('the alert', async () => (await admin.get('/security/alerts')).body.items[0])
    t.like(alert, { title: 'Port scan', severity: 'high', device_id: device.deviceId })
  })
}

test('an agent downloads the version it is told to install, checks it, and reports', async t => {
  const { server, url, admin, agent } = await scene(t)
  const snap = randomBytes(500_000)
  const published = await fetch(`${url}/api/v1/admin/publish?name=edgezu&version=2.0.0&channel=stable`, {
    method: 'POST',
    headers: { 'X-Snap-Publish-Token': PUBLISH_TOKEN, 'Content-Type': 'application/octet-stream' },
    body: snap,
  })
  t.is(published.status, 201, await published.text())
  const device = agent()
  await device.start()
  t.like(await commanded(server, device, 'update_snap', { snap_name: 'edgezu', version: '2.0.0' }), {
    status: 'completed',
  })
  t.is(device.version, '2.0.0')
  const { body } = await admin.get(`/devices/${device.deviceId}/snaps`)
  t.like(body.items[0], { name: 'edgezu', status: 'installed', target_version: '2.0.0' })
  t.like(await commanded(server, device, 'update_snap', { snap_name: 'edgezu', version: '9.9.9' }), {
    status: 'failed',
  })
})

test('an agent that comes back is the same device, and gets what was sent meanwhile', async t => {
  const { server, admin, agent } = await scene(t)
  const first = agent()
  await first.start()
  const { deviceId } = first
  await first.stop()
  await admin.post(`/devices/${deviceId}/commands`, { command: 'restart_service', payload: { service: 'one' } })
  const second = agent()
  await second.start()
  t.is(second.deviceId, deviceId)
  t.like(await commanded(server, second, 'restart_service', { service: 'two' }), { status: 'completed' })
  const { body } = await admin.get(`/devices/${deviceId}/commands`)
  t.deepEqual(
    body.items.map((command: { status: string }) => command.status),
    ['completed', 'completed'],
  )
})

test('a revoked agent is disconnected, and does not come back', async t => {
  const { admin, agent } = await scene(t)
  const device = agent()
  await device.start()
  await eventually('the socket', async () => device.connected)
  await admin.delete(`/devices/${device.deviceId}`)
  await eventually('the end', async () => !device.connected)
  await device.stop()
  const { body } = await admin.get(`/devices/${device.deviceId}`)
  t.is(body.status, 'revoked')
})
