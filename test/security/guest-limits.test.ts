import test from 'ava'
import { startTestKernel } from '../../kernel/testing/test-kernel.ts'

test('no device can take up the time of the others: each route for guests has a limit of its own', async t => {
  await using kernel = await startTestKernel()
  const routes = kernel.kernel.catalogue.hosts
    .flatMap(({ mount }) => mount?.routes ?? [])
    .filter(({ kind }) => kind === 'guest')
  t.true(routes.length > 5)
  const unlimited = routes.filter(({ route }) => route.limit === undefined)
  t.deepEqual(
    unlimited.map(({ method, path }) => `${method} ${path}`),
    [],
  )
})
