import path from 'node:path'
import test from 'ava'
import { EdgeAgent } from '../../examples/edge-agent/edge-agent.ts'
import { eventually, startServer, temporaryFolder } from './server.ts'
import { newTenant } from './tenant.ts'

const DEVICES = 20
/** Agents wait between half a second and a second before their first try: so many do not come back in a tenth of that. */
const HERD_MS = 50

test('an instance that is lost with its sockets: devices come back spread over time, and get what was sent meanwhile', async t => {
  const folder = temporaryFolder(t)
  const env = { DATA_DIR: path.join(folder, 'server') }
  const lost = await startServer(t, { env })
  const { client } = await newTenant(lost.url)
  const { body: key } = await client.post('/edge/keys', { label: 'fleet' })
  const connected: number[] = []
  const agents = Array.from({ length: DEVICES }, (_, n) => {
    const agent = new EdgeAgent({
      url: lost.url,
      folder: path.join(folder, `device-${n}`),
      facts: { name: `edge-${n}`, location: 'here', type: 'network-sensor' },
      provisioningKey: key.provisioning_key,
      uploadMs: 200,
      log: line => void (line === 'connected' && connected.push(performance.now())),
    })
    t.teardown(() => agent.stop())
    return agent
  })
  await Promise.all(agents.map(agent => agent.start()))
  await eventually('all devices to connect', () => connected.length === DEVICES)

  await lost.end('SIGKILL')
  await eventually('all devices to notice', () => agents.every(agent => !agent.connected))
  connected.length = 0
  await startServer(t, { env, port: lost.port })
  const device = agents[0]?.deviceId
  const sent = await client.post(`/devices/${device}/commands`, {
    command: 'restart_service',
    payload: { service: 'snort' },
  })
  t.is(sent.status, 201)

  await eventually('all devices to come back', () => agents.every(agent => agent.connected))
  t.true(Math.max(...connected) - Math.min(...connected) > HERD_MS, 'not as a herd')
  await eventually('the command to be done', async () => {
    const { body } = await client.get(`/devices/${device}/commands/${sent.body.id}`)
    return body.status === 'completed'
  })
  await eventually('what they gathered to be uploaded', () => agents.every(agent => agent.events.size <= 1))
})
