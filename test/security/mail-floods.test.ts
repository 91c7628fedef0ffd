import test from 'ava'
import { newId } from '../../kernel/data/id.ts'
import { mailsTo, openHouse, settled } from '../kernel/access/account/mailbox.ts'

const INVITE = '/api/v1/users/invite'
const SPELLINGS = [
  'eve@guest.example',
  'EVE@guest.example',
  'Eve@guest.example',
  'eVe@guest.example',
  'eve@GUEST.example',
]

test.serial('a mailbox is one, however its address is written', async t => {
  const house = await openHouse(t)
  const session = await house.as(await house.account())
  for (const email of SPELLINGS) {
    t.is((await session.send('POST', INVITE, { body: { email } })).status, 201, email)
    await settled(house)
  }
  t.is((await mailsTo(house, 'eVe@guest.example')).length, 1, 'it is written to as it was given')
  const refused = await session.send('POST', INVITE, { body: { email: 'evE@guest.example' } })
  t.is(refused.status, 429)
})

test.serial('many wishes at the same moment do not fill a mailbox', async t => {
  const house = await openHouse(t)
  const session = await house.as(await house.account())
  const { body } = await session.send('POST', INVITE, { body: { email: 'eve@guest.example' } })
  const again = () => session.send('POST', `/api/v1/users/invitations/${body.id}/resend`)
  await Promise.all(Array.from({ length: 12 }, again))
  t.true((await mailsTo(house, 'eve@guest.example')).length <= 5)
})

test.serial('an account writes to so many strangers a day', async t => {
  const house = await openHouse(t)
  const person = await house.account()
  const session = await house.as(person)
  const invitations = Array.from({ length: 1_000 }, (_, n) => ({
    id: newId(),
    tenant_id: person.tenantId,
    email: `${n}@guest.example`,
    email_key: `${n}@guest.example`,
    token_hash: String(n),
    expires_at: house.clock.now(),
    created_at: house.clock.now(),
  }))
  for (let start = 0; start < invitations.length; start += 100) {
    await house.database.table('invitations').insert(invitations.slice(start, start + 100))
  }
  const invite = () => session.send('POST', INVITE, { body: { email: 'eve@guest.example' } })
  t.is((await invite()).status, 429)
  const other = await house.as(await house.account())
  t.is((await other.send('POST', INVITE, { body: { email: 'eve@guest.example' } })).status, 201, 'others go on')
})
