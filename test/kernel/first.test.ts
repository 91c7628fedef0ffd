import test from 'ava'
import { startTestKernel } from '../../kernel/testing/test-kernel.ts'

test('x', async t => {
  await using k = await startTestKernel()
  const c = await k.as('a', ['sites:read'])
  t.is((await c.get('/sites')).status, 200)
  t.is((await c.post('/sites', { name: 'x' })).status, 403)
  const admin = await k.as('a')
  const made = await admin.post('/sites', { name: 'x' })
  t.is(made.status, 201)
  const b = await k.as('b')
  t.is((await b.get(`/sites/${made.body.id}`)).status, 404)
  await k.fillDemo('b')
  t.log((await b.get('/assets')).body.items.length)
})
