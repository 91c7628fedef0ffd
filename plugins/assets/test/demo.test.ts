import test from 'ava'
import { demoAssets } from '../demo.ts'
import { withPlant } from './plant.ts'

test(
  'the demo fills a tenant with assets at its sites',
  withPlant(async (t, { kernel }) => {
    await kernel.fillDemo('b')
    const { body } = await (await kernel.as('b')).get('/assets?count=true')
    t.is(body.count, demoAssets.length)
    t.true(body.items.every(({ site_id }: { site_id: string | null }) => site_id !== null))
  }),
)
