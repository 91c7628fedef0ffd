import test from 'ava'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { logIn, panel, platformLines } from './operators.ts'

test('operators see how the feeds are, and nobody else', async t => {
  await using kernel = await startTestKernel({ env: panel })
  const { client } = await logIn(kernel)
  const { status, body } = await client.get('/admin/feeds')
  t.is(status, 200)
  t.like(body, { scheduled: false, cves: 0 })
  t.deepEqual(body.feeds.map(({ feed, status }: { feed: string; status: string }) => `${feed} ${status}`).sort(), [
    'epss never',
    'exploitdb never',
    'kev never',
    'nvd never',
  ])
  t.like((await platformLines(kernel)).at(-1), { action: 'admin.feeds.viewed' })
  t.is((await (await kernel.as('a')).get('/admin/feeds')).status, 403)
})
