import test from 'ava'
import { AccessChanges } from '../../../kernel/access/access-changes.ts'
import { PrincipalCache } from '../../../kernel/access/principal-cache.ts'
import { Sessions } from '../../../kernel/access/sessions.ts'
import { Tokens } from '../../../kernel/access/tokens.ts'
import { AccessHouse, PASSWORD, SECRET_KEY } from './access-house.ts'
import { mailsTo } from './mfa/authenticator-app.ts'

test("one sees and ends one's own sessions", async t => {
  const house = await AccessHouse.open(t)
  const person = await house.account()
  const first = await house.as(person)
  house.clock.forward(60_000)
  const second = await house.as(person)
  await house.refresh(first.cookie)

  const { body } = await second.send('GET', '/api/v1/me/sessions', { headers: { 'user-agent': 'x' } })
  t.is(body.items.length, 2, 'a session is a log-in, however often it was refreshed')
  const current = body.items.find((session: { current: boolean }) => session.current)
  const other = body.items.find((session: { current: boolean }) => !session.current)
  t.truthy(current)
  t.true(other.expires_at > house.clock.now().toISOString())

  t.is((await second.send('DELETE', `/api/v1/me/sessions/${other.id}`)).status, 204)
  t.is((await first.send('GET', '/api/v1/me')).status, 401)
  t.is((await second.send('GET', '/api/v1/me')).status, 200)
  t.is((await second.send('DELETE', `/api/v1/me/sessions/${other.id}`)).status, 404)
})

test('the sessions of others are not there', async t => {
  const house = await AccessHouse.open(t)
  const mine = await house.as(await house.account())
  const theirs = await house.as(await house.account())
  const { body } = await theirs.send('GET', '/api/v1/me/sessions')
  t.is((await mine.send('DELETE', `/api/v1/me/sessions/${body.items[0].id}`)).status, 404)
  t.is((await theirs.send('GET', '/api/v1/me')).status, 200)
})

test('a new password ends the other sessions and is the one that works', async t => {
  const house = await AccessHouse.open(t)
  const person = await house.account()
  const here = await house.as(person)
  const there = await house.as(person)
  const new_password = 'slow badger by the lathe'
  const change = (current_password: string, next = new_password) =>
    here.send('POST', '/api/v1/me/password', { body: { current_password, new_password: next } })

  const wrong = await change('not the password')
  t.is(wrong.status, 403)
  const weak = await change(PASSWORD, 'password1234')
  t.is(weak.status, 422)
  t.is(weak.body.errors[0].path, 'body.new_password')

  t.deepEqual(await mailsTo(house, person), [])
  t.is((await change(PASSWORD)).status, 204)
  t.deepEqual(await mailsTo(house, person), ['Your password was changed'])
  t.is((await here.send('GET', '/api/v1/me')).status, 200)
  t.is((await there.send('GET', '/api/v1/me')).status, 401)
  t.is((await house.refresh(there.cookie)).status, 401)
  t.is((await house.login(person.email)).status, 401)
  t.is((await house.login(person.email, new_password)).status, 200)
})

test('tokens that have run out are deleted', async t => {
  const house = await AccessHouse.open(t)
  await house.as(await house.account())
  const tokens = new Tokens({ SECRET_KEY, ACCESS_TOKEN_EXPIRE_MINUTES: 60, REFRESH_TOKEN_EXPIRE_DAYS: 7 })
  const sessions = new Sessions(tokens, new AccessChanges(new PrincipalCache()))
  t.is(await sessions.prune(house.database, house.clock.now()), 0)
  house.clock.forward(8 * 86_400_000)
  t.is(await sessions.prune(house.database, house.clock.now()), 1)
})

test('guesses at the present password are slowed down as log-ins are, together with them', async t => {
  const house = await AccessHouse.open(t)
  const person = await house.account()
  const session = await house.as(person)
  const body = { current_password: 'not the password', new_password: 'slow badger by the lathe' }
  for (let guess = 0; guess < 6; guess++) {
    t.is((await session.send('POST', '/api/v1/me/password', { body })).status, 403)
  }
  t.is((await session.send('POST', '/api/v1/me/password', { body })).status, 429)
  t.is((await house.login(person.email)).status, 429)
})
