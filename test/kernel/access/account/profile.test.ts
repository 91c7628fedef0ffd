import test from 'ava'
import { openHouse } from './mailbox.ts'

test.serial('users change their name, language and time zone, in the spelling of the standards', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const session = await house.as(person)
  t.like((await session.send('GET', '/api/v1/me')).body, { locale: null, time_zone: null })
  const changed = await session.send('PATCH', '/api/v1/me', {
    body: { name: 'Ada L.', locale: 'de-ch', time_zone: 'europe/zurich' },
  })
  t.is(changed.status, 200)
  t.like(changed.body, { name: 'Ada L.', locale: 'de-CH', time_zone: 'Europe/Zurich' })
  const back = await session.send('PATCH', '/api/v1/me', { body: { locale: null } })
  t.like(back.body, { name: 'Ada L.', locale: null, time_zone: 'Europe/Zurich' })
  t.like((await session.send('GET', '/api/v1/me')).body, { name: 'Ada L.', locale: null })
})

test.serial('what is no language, no time zone, or nobody may change about themselves is refused', async t => {
  const house = await openHouse(t)
  const session = await house.as(await house.account())
  for (const [body, path] of [
    [{ locale: 'not a tag' }, 'body.locale'],
    [{ locale: 'x'.repeat(40) }, 'body.locale'],
    [{ time_zone: 'Mars/Olympus' }, 'body.time_zone'],
    [{ time_zone: '+01:00' }, 'body.time_zone'],
    [{ time_zone: 'Europe/Zurich\0' }, 'body.time_zone'],
    [{ name: '' }, 'body.name'],
    [{ name: 'a\nb' }, 'body.name'],
    [{ email: 'x@y.example' }, 'body.email'],
    [{ active: false }, 'body.active'],
  ] as const) {
    const { status, body: answer } = await session.send('PATCH', '/api/v1/me', { body })
    t.is(status, 422, JSON.stringify(body))
    t.is(answer.errors[0].path, path)
  }
  t.is((await session.send('PATCH', '/api/v1/me', { body: {} })).status, 422)
})

test.serial('a change of somebody else in between is not overwritten', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const session = await house.as(person)
  const { headers } = await session.send('GET', `/api/v1/users/${person.userId}`)
  const ifMatch = { 'if-match': String(headers.etag) }
  t.is((await session.send('PATCH', '/api/v1/me', { body: { name: 'One' }, headers: ifMatch })).status, 200)
  t.is((await session.send('PATCH', '/api/v1/me', { body: { name: 'Two' }, headers: ifMatch })).status, 412)
})

test.serial('appearance has defaults, is replaced as a whole, and takes nothing that it does not know', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const session = await house.as(person)
  const before = await session.send('GET', '/api/v1/me/appearance')
  t.like(before.body, { theme: 'system', density: 'comfortable', start_page: '/' })

  const put = await session.send('PUT', '/api/v1/me/appearance', { body: { theme: 'dark', start_page: '/assets' } })
  t.is(put.status, 200)
  t.deepEqual(put.body, { ...before.body, theme: 'dark', start_page: '/assets' })
  t.deepEqual((await session.send('GET', '/api/v1/me/appearance')).body, put.body)
  t.deepEqual((await session.send('PUT', '/api/v1/me/appearance', { body: {} })).body, before.body)

  for (const body of [
    { theme: 'pink' },
    { colour: 'red' },
    { start_page: '//evil.example' },
    { start_page: '/\\evil.example' },
    { start_page: 'https://evil.example' },
    { start_page: `/${'x'.repeat(300)}` },
  ]) {
    t.is((await session.send('PUT', '/api/v1/me/appearance', { body })).status, 422, JSON.stringify(body))
  }
  const colleague = await house.as(await house.colleague(person, 'Cole'))
  t.deepEqual((await colleague.send('GET', '/api/v1/me/appearance')).body, before.body, 'everybody has their own')
})

test.serial('a stored choice that there is no more falls back to its default', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const { tenantId: tenant_id, userId: user_id } = person
  const appearance = JSON.stringify({ theme: 'sepia', density: 'compact', gone: 1 })
  await house.database.table('user_settings').insert({ tenant_id, user_id, appearance, updated_at: house.clock.now() })
  const session = await house.as(person)
  t.like((await session.send('GET', '/api/v1/me/appearance')).body, { theme: 'system', density: 'compact' })
})
