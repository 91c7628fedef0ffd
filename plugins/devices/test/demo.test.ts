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
    t.deepEqual((await user.get('/edge/keys')).body.items, [], 'nobody else gets in')
  }),
)
