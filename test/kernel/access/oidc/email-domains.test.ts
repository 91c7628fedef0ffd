import test, { type ExecutionContext } from 'ava'
import type { Session } from '../access-house.ts'
import { startDns } from './dns-server.ts'
import { openHouse } from './federated-house.ts'

const PATH = '/api/v1/settings/email-domains'

async function scene(t: ExecutionContext) {
  const dns = await startDns(t)
  const house = await openHouse(t, undefined, { DNS_SERVERS: dns.address })
  const person = await house.account()
  return { dns, house, person, admin: await house.as(person) }
}

const add = async (admin: Session, domain: string) => (await admin.send('POST', PATH, { body: { domain } })).body
const verify = (admin: Session, id: string) => admin.send('POST', `${PATH}/${id}/verify`)

test('a domain is proven by a TXT record with the value that was given', async t => {
  const { dns, house, admin } = await scene(t)
  const { status, body: made } = await admin.send('POST', PATH, { body: { domain: ' Corp.Example ' } })
  t.is(status, 201)
  t.is(made.domain, 'corp.example')
  t.is(made.challenge.name, '_monozu-challenge.corp.example')
  t.is(made.challenge.type, 'TXT')
  t.regex(made.challenge.value, /^monozu-verification=[\w-]{32}$/)
  t.is(made.verified_at, null)

  const missing = await verify(admin, made.id)
  t.is(missing.status, 409)
  t.regex(missing.body.detail, /no TXT record at _monozu-challenge\.corp\.example/)
  dns.records.set(made.challenge.name, ['monozu-verification=somebody-else', `${made.challenge.value} `])
  t.is((await verify(admin, made.id)).status, 409)
  dns.records.set(made.challenge.name, ['v=spf1 -all', made.challenge.value])
  const proven = await verify(admin, made.id)
  t.is(proven.status, 200)
  t.is(proven.body.verified_at, house.clock.now().toISOString())
  dns.records.clear()
  t.is((await verify(admin, made.id)).status, 200, 'once proven, it is')
  const { body } = await admin.send('GET', PATH)
  t.deepEqual(body.items, [proven.body])
})

test('DNS that does not answer is told, and nothing is proven', async t => {
  const { dns, house, admin } = await scene(t)
  const { id } = await add(admin, 'corp.example')
  dns.answers = false
  const { status, body } = await verify(admin, id)
  t.is(status, 409)
  t.regex(body.detail, /DNS did not answer/)
  const [row] = await house.database.table('email_domains').where({ id })
  t.is(row.verified_at, null)
  t.truthy(row.checked_at)
})

test('a domain belongs to one tenant: the one that proved it first', async t => {
  const { dns, house, admin } = await scene(t)
  const rival = await house.as(await house.account())
  const [mine, theirs] = [await add(admin, 'corp.example'), await add(rival, 'corp.example')]
  t.not(mine.challenge.value, theirs.challenge.value)
  dns.records.set(mine.challenge.name, [mine.challenge.value])
  t.is((await verify(rival, theirs.id)).status, 409, 'the record of another tenant proves nothing')
  dns.records.set(mine.challenge.name, [mine.challenge.value, theirs.challenge.value])
  const both = await Promise.all([verify(admin, mine.id), verify(rival, theirs.id)])
  t.deepEqual(both.map(({ status }) => status).sort(), [200, 409])
  t.is((await house.database.table('email_domains').whereNotNull('verified_at')).length, 1)
})

test('mail services that are open to everybody, and what is no domain, are refused', async t => {
  const { admin } = await scene(t)
  for (const domain of [
    'gmail.com',
    'GMAIL.com',
    'outlook.com',
    'x',
    'a b.example',
    '-a.example',
    '',
    'a..b',
    '127.0.0.1:53',
  ]) {
    t.is((await admin.send('POST', PATH, { body: { domain } })).status, 422, domain)
  }
  await add(admin, 'corp.example')
  t.is((await admin.send('POST', PATH, { body: { domain: 'corp.example' } })).status, 409, 'twice')
})

test("another tenant's domains are out of sight and reach", async t => {
  const { house, admin } = await scene(t)
  const rival = await house.as(await house.account())
  const { id } = await add(admin, 'corp.example')
  t.deepEqual((await rival.send('GET', PATH)).body, { items: [] })
  t.is((await verify(rival, id)).status, 404)
  t.is((await rival.send('DELETE', `${PATH}/${id}`)).status, 404)
  t.is((await admin.send('DELETE', `${PATH}/${id}`)).status, 204)
  t.deepEqual((await admin.send('GET', PATH)).body, { items: [] })
})

test('reading and changing need their permissions', async t => {
  const { house, person, admin } = await scene(t)
  const reader = await house.as(await house.colleague(person, 'Rea', [await admin.groupId('Read only')]))
  t.is((await reader.send('GET', PATH)).status, 200)
  t.is((await reader.send('POST', PATH, { body: { domain: 'corp.example' } })).status, 403)
  const nobody = await house.as(await house.colleague(person, 'Nob'))
  t.is((await nobody.send('GET', PATH)).status, 403)
})
