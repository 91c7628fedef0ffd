import { readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { withFleet } from './fleet.ts'

test(
  'the demo fills a tenant with devices at its sites, one of which has something to do',
  withFleet(async (t, { user, kernel }) => {
    await kernel.fillDemo('a')
    const { items } = (await user.get('/devices')).body
    t.deepEqual(
      items.map(({ name, status, site_id }: Record<string, unknown>) => [name, status, typeof site_id]),
      [
        ['edge-north-1', 'registered', 'string'],
        ['edge-south-1', 'registered', 'string'],
      ],
    )
    t.is((await user.get(`/devices/${items[0].id}/commands`)).body.items[0].status, 'queued')
    const { dataDir } = kernel.kernel.runtime.deployment
    const key = readFileSync(path.join(dataDir, 'edge', 'provisioning-key'), 'utf8').trim()
    const facts = { name: 'edge-1', location: 'here', type: 'network-sensor' }
    const registered = await kernel.anonymous.post('/devices/register', facts, { 'x-provisioning-key': key })
    t.is(registered.status, 201, 'the agent gets in with the key that is left for it')
  }),
)
