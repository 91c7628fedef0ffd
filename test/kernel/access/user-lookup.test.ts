import test from 'ava'
import { NoticeHouse } from '../notifications/notice-house.ts'

const NOBODY = '01890000-0000-7000-8000-00000000000f'

test('a plugin looks up the users of its tenant, and of no other', async t => {
  await using house = await NoticeHouse.open()
  const [ann, gone, foreign] = [
    await house.user('a', ['crier:read']),
    await house.user('a', ['*:read']),
    await house.user('b', ['*']),
  ]
  await house.kernel.kernel.runtime.database.knex('users').where({ id: gone.id }).update({ active: false })
  const { email, name } = (await ann.client.get('/me')).body
  const look = async (...ids: string[]) =>
    (await (await house.kernel.as('a')).get(`/crier/users?ids=${ids.join(',')}`)).body

  const summary = { id: ann.id, name, email, active: true }
  t.deepEqual(await look(ann.id, ann.id, foreign.id, NOBODY), {
    found: summary,
    by_ids: [summary],
    active: true,
    holds: true,
  })
  t.like(await look(gone.id), { found: { id: gone.id, active: false }, active: false, holds: false })
  for (const id of [foreign.id, NOBODY]) {
    t.deepEqual(await look(id), { found: null, by_ids: [], active: false, holds: false })
  }
  const leader = await house.user('a', ['crier:manage'])
  t.like(await look(leader.id), { active: true, holds: false })
})

test('what a user holds through a wildcard counts', async t => {
  await using house = await NoticeHouse.open()
  for (const permissions of [['*'], ['*:read'], ['crier:read']]) {
    const { id } = await house.user('a', permissions)
    t.true((await (await house.kernel.as('a')).get(`/crier/users?ids=${id}`)).body.holds, permissions.join())
  }
})
