import test from 'ava'
import { withSites } from './house.ts'

test(
  'the demo fills a tenant with sites',
  withSites(async (t, user, kernel) => {
    await kernel.fillDemo('a')
    const { body } = await user.get('/sites')
    t.deepEqual(
      body.items.map(({ name }: { name: string }) => name),
      ['Head office', 'Plant North', 'Plant South'],
    )
  }),
)
