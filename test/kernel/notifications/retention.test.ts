import test from 'ava'
import { newId } from '../../../kernel/data/id.ts'
import { NoticeHouse } from './notice-house.ts'

const DAY_MS = 86_400_000

test('what was read goes after 30 days, what nobody reads after 90', async t => {
  await using house = await NoticeHouse.open()
  const ann = await house.user()
  const { knex } = house.kernel.kernel.runtime.database
  const now = house.kernel.clock.now().getTime()
  const ago = (days: number) => new Date(now - days * DAY_MS).toISOString()
  const put = (title: string, created: number, read?: number) =>
    knex('notifications').insert({
      id: newId(),
      notice_id: newId(),
      tenant_id: house.kernel.tenantId('a'),
      user_id: ann.id,
      kind: 'crier.news',
      title,
      created_at: ago(created),
      read_at: read === undefined ? null : ago(read),
    })
  await put('unread, old', 90)
  await put('unread, young', 89)
  await put('read long ago', 40, 30)
  await put('old, read lately', 120, 29)
  for (let n = 0; n < 600; n++) await put('unread, old', 91)
  const run = await house.kernel.job('notifications', 'retention', {})
  t.deepEqual(run.result, { deleted: 602 })
  t.deepEqual((await house.heard(ann)).sort(), ['old, read lately', 'unread, young'])
})
