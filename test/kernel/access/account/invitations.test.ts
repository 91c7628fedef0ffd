import test, { type ExecutionContext } from 'ava'
import { type AccessHouse, type Answer, PASSWORD, type Person, type Session } from '../access-house.ts'
import { actions, mailsTo, openHouse, settled, tokenTo } from './mailbox.ts'

const DAY = 86_400_000
const GUEST = 'grace@guest.example'

interface Scene {
  readonly house: AccessHouse
  readonly admin: Person
  readonly session: Session
}

async function open(t: ExecutionContext): Promise<Scene> {
  const house = await openHouse(t)
  const admin = await house.account()
  return { house, admin, session: await house.as(admin) }
}

const invite = ({ session }: Pick<Scene, 'session'>, body: object = {}): Promise<Answer> =>
  session.send('POST', '/api/v1/users/invite', { body: { email: GUEST, ...body } })

const accept = (
  house: AccessHouse,
  token: string,
  body: object = { name: 'Grace', password: PASSWORD },
): Promise<Answer> => house.send('POST', `/api/v1/auth/invitations/${token}/accept`, { body })

test.serial('somebody who is invited sees by whom, chooses a password and is logged in, in their groups', async t => {
  const scene = await open(t)
  const { house, session, admin } = scene
  const group = await session.groupId('Read only')
  const invited = await invite(scene, { name: 'Grace Hopper', group_ids: [group] })
  t.is(invited.status, 201)
  t.like(invited.body, { email: GUEST, name: 'Grace Hopper', group_ids: [group], invited_by: admin.userId })
  t.false(JSON.stringify(invited.body).includes('token'))

  const token = await tokenTo(house, GUEST, 'invite')
  const [mail] = await mailsTo(house, GUEST)
  t.is(mail?.subject, 'You are invited to Acme')
  t.regex(mail?.text ?? '', /^Ada has invited you to join "Acme"/)
  const shown = await house.send('GET', `/api/v1/auth/invitations/${token}`)
  t.deepEqual(Object.keys(shown.body).sort(), ['email', 'expires_at', 'tenant_name'])
  t.like(shown.body, { tenant_name: 'Acme', email: GUEST })

  const accepted = await accept(house, token, { password: PASSWORD })
  t.is(accepted.status, 200, JSON.stringify(accepted.body))
  t.truthy(accepted.cookie)
  const headers = { authorization: `Bearer ${accepted.body.access_token}` }
  const me = await house.send('GET', '/api/v1/me', { headers })
  t.like(me.body, { email: GUEST, name: 'Grace Hopper', email_verified: true })
  t.deepEqual(
    me.body.groups.map(({ id }: { id: string }) => id),
    [group],
  )
  t.is((await house.login(GUEST)).status, 200)
  t.true((await actions(house, admin.tenantId)).includes('invitation.accepted'))
  const { body } = await session.send('GET', '/api/v1/users/invitations')
  t.deepEqual(body.items, [], 'what is accepted is not in the list')
})

test.serial(
  'what an invitation queues is of the tenant: its transaction could write nothing else on SQL Server',
  async t => {
    const scene = await open(t)
    const { body } = await invite(scene)
    await settled(scene.house)
    const runs = await scene.house.database.table('job_runs').where({ plugin: 'access', name: 'account-mail' })
    t.deepEqual(
      runs.map((run: { tenant_id: string }) => run.tenant_id),
      [scene.admin.tenantId],
    )
    const mails = await scene.house.database.table('mail_messages').where('recipient', body.email)
    t.deepEqual(
      mails.map((mail: { tenant_id: string }) => mail.tenant_id),
      [scene.admin.tenantId],
    )
    const shown = await scene.session.send('GET', `/api/v1/jobs/${runs[0].id}`)
    t.like(shown.body, { status: 'succeeded', result: null })
    t.false(JSON.stringify(shown.body).includes(GUEST))
    const colleague = await scene.house.colleague(scene.admin, 'Cole', [await scene.session.groupId('Admin')])
    const other = await scene.house.as(colleague)
    t.is((await other.send('GET', `/api/v1/jobs/${runs[0].id}`)).status, 403)
  },
)

test.serial('an invitation works once, also when two accept it at the same moment', async t => {
  const scene = await open(t)
  await invite(scene)
  const token = await tokenTo(scene.house, GUEST, 'invite')
  const answers = await Promise.all([
    accept(scene.house, token),
    accept(scene.house, token),
    accept(scene.house, token),
  ])
  const statuses = answers.map(({ status }) => status).sort()
  t.is(statuses[0], 200)
  t.true(
    statuses.slice(1).every(status => status === 401 || status === 409),
    statuses.join(),
  )
  t.is((await accept(scene.house, token)).status, 401)
  t.is((await scene.house.send('GET', `/api/v1/auth/invitations/${token}`)).body.error, 'invalid_token')
})

test.serial('an invitation is good for seven days', async t => {
  const scene = await open(t)
  await invite(scene)
  const token = await tokenTo(scene.house, GUEST, 'invite')
  scene.house.clock.forward(7 * DAY - 1000)
  t.is((await scene.house.send('GET', `/api/v1/auth/invitations/${token}`)).status, 200)
  scene.house.clock.forward(1000)
  for (const answer of [
    await scene.house.send('GET', `/api/v1/auth/invitations/${token}`),
    await accept(scene.house, token),
  ]) {
    t.is(answer.status, 401)
    t.is(answer.body.error, 'invalid_token')
  }
})

test.serial('a bad password or a missing name does not use the invitation up', async t => {
  const scene = await open(t)
  await invite(scene)
  const token = await tokenTo(scene.house, GUEST, 'invite')
  for (const [body, path] of [
    [{ name: 'Grace', password: 'short' }, 'body.password'],
    [{ name: 'Grace', password: GUEST }, 'body.password'],
    [{ password: PASSWORD }, 'body.name'],
    [{ name: 'Grace\r\nBcc: x', password: PASSWORD }, 'body.name'],
    [{ name: 'Grace', password: PASSWORD, email: 'other@guest.example' }, 'body.email'],
  ] as const) {
    const { status, body: answer } = await accept(scene.house, token, body)
    t.is(status, 422)
    t.is(answer.errors[0].path, path)
  }
  t.is((await accept(scene.house, token)).status, 200)
})

test.serial('a withdrawn invitation is worthless; sent again, the link before is', async t => {
  const scene = await open(t)
  const { house, session, admin } = scene
  const { body: first } = await invite(scene)
  const old = await tokenTo(house, GUEST, 'invite')
  house.clock.forward(6 * DAY)
  const again = await (await house.as(admin)).send('POST', `/api/v1/users/invitations/${first.id}/resend`)
  t.is(again.status, 200)
  t.true(again.body.expires_at > first.expires_at)
  const fresh = await tokenTo(house, GUEST, 'invite')
  t.not(fresh, old)
  t.is((await accept(house, old)).status, 401)

  const admin2 = await house.as(admin)
  t.is((await admin2.send('DELETE', `/api/v1/users/invitations/${first.id}`)).status, 204)
  t.is((await accept(house, fresh)).status, 401)
  t.is((await admin2.send('DELETE', `/api/v1/users/invitations/${first.id}`)).status, 404)
  t.is((await admin2.send('POST', `/api/v1/users/invitations/${first.id}/resend`)).status, 404)
  t.truthy(session)
})

test.serial('inviting an address again makes the link before worthless', async t => {
  const scene = await open(t)
  await invite(scene)
  const old = await tokenTo(scene.house, GUEST, 'invite')
  scene.house.clock.forward(1000)
  t.is((await invite(scene, { email: GUEST.toUpperCase() })).status, 201)
  t.is((await accept(scene.house, old)).status, 401)
  const { body } = await scene.session.send('GET', '/api/v1/users/invitations?count=true')
  t.is(body.count, 1)
})

test.serial('an address of the own tenant is a conflict; one of another tenant is not told from a new one', async t => {
  const scene = await open(t)
  const { house, admin } = scene
  const own = await house.colleague(admin, 'Own')
  const other = await house.account()
  t.is((await invite(scene, { email: own.email.toUpperCase() })).status, 409)

  const unknown = await invite(scene)
  const known = await invite(scene, { email: other.email })
  t.is(known.status, 201)
  t.deepEqual(Object.keys(known.body), Object.keys(unknown.body))
  const [mail] = await mailsTo(house, other.email)
  t.is(mail?.subject, 'You are invited to Acme')
  t.false(mail?.text?.includes('/invite/'))
  t.regex(mail?.text ?? '', /have an account with this address already/)
})

test.serial('nobody invites into groups that hold more than they do, nor sends such an invitation again', async t => {
  const scene = await open(t)
  const { house, session, admin } = scene
  const adminGroup = await session.groupId('Admin')
  const made = await session.send('POST', '/api/v1/groups', {
    body: { name: 'Inviters', permissions: ['users:invite'] },
  })
  const inviter = await house.colleague(admin, 'Ivy', [made.body.id])
  const ivy = await house.as(inviter)
  const refused = await invite({ session: ivy }, { group_ids: [adminGroup] })
  t.is(refused.status, 403)
  t.is((await invite({ session: ivy }, { group_ids: [made.body.id] })).status, 201)

  const { body: big } = await invite(scene, { email: 'big@guest.example', group_ids: [adminGroup] })
  t.is((await ivy.send('POST', `/api/v1/users/invitations/${big.id}/resend`)).status, 403)
  const nobody = await house.as(await house.colleague(admin, 'Nobody'))
  t.is((await invite({ session: nobody })).status, 403)
  t.is((await nobody.send('GET', '/api/v1/users/invitations')).status, 403)
})

test.serial('at acceptance, groups that are gone or that the inviter may not grant any more are left out', async t => {
  const scene = await open(t)
  const { house, session, admin } = scene
  const group = async (name: string): Promise<string> =>
    (await session.send('POST', '/api/v1/groups', { body: { name, permissions: ['users:read'] } })).body.id
  const [kept, deleted, grown] = [await group('Kept'), await group('Deleted'), await group('Grown')]
  const inviters = await session.send('POST', '/api/v1/groups', {
    body: { name: 'Inviters', permissions: ['users:invite', 'users:read'] },
  })
  const ivy = await house.as(await house.colleague(admin, 'Ivy', [inviters.body.id]))
  t.is((await invite({ session: ivy }, { group_ids: [kept, deleted, grown] })).status, 201)
  t.is((await session.send('DELETE', `/api/v1/groups/${deleted}`)).status, 204)
  const put = await session.send('PUT', `/api/v1/groups/${grown}/permissions`, { body: { permissions: ['*'] } })
  t.is(put.status, 200, JSON.stringify(put.body))

  const accepted = await accept(house, await tokenTo(house, GUEST, 'invite'))
  t.is(accepted.status, 200)
  const me = await house.send('GET', '/api/v1/me', {
    headers: { authorization: `Bearer ${accepted.body.access_token}` },
  })
  t.deepEqual(
    me.body.groups.map(({ id }: { id: string }) => id),
    [kept],
  )
})

test.serial('an invitation of somebody who was deactivated since gives no groups', async t => {
  const scene = await open(t)
  const { house, session, admin } = scene
  const second = await house.colleague(admin, 'Second', [await session.groupId('Admin')])
  const group_ids = [await session.groupId('Admin')]
  await invite({ session: await house.as(second) }, { group_ids })
  const token = await tokenTo(house, GUEST, 'invite')
  await session.send('PATCH', `/api/v1/users/${second.userId}`, { body: { active: false } })
  const accepted = await accept(house, token)
  const me = await house.send('GET', '/api/v1/me', {
    headers: { authorization: `Bearer ${accepted.body.access_token}` },
  })
  t.deepEqual(me.body.groups, [])
  t.deepEqual(me.body.permissions, [])
})

test.serial('invitations of another tenant are not there', async t => {
  const scene = await open(t)
  const { body } = await invite(scene)
  const stranger = await scene.house.as(await scene.house.account())
  t.is((await stranger.send('GET', `/api/v1/users/invitations/${body.id}`)).status, 404)
  t.is((await stranger.send('DELETE', `/api/v1/users/invitations/${body.id}`)).status, 404)
  t.is((await stranger.send('POST', `/api/v1/users/invitations/${body.id}/resend`)).status, 404)
  t.deepEqual((await stranger.send('GET', '/api/v1/users/invitations')).body.items, [])
  const foreign = await scene.session.groupId('Admin')
  t.is((await invite({ session: stranger }, { email: 'x@guest.example', group_ids: [foreign] })).status, 422)
})

test.serial('an address that registered meanwhile is a conflict', async t => {
  const scene = await open(t)
  await invite(scene)
  const token = await tokenTo(scene.house, GUEST, 'invite')
  const body = { account_name: 'grace-own', tenant_name: 'G', name: 'G', email: GUEST, password: PASSWORD }
  t.is((await scene.house.send('POST', '/api/v1/auth/register', { body })).status, 201)
  t.is((await accept(scene.house, token)).status, 409)
})

test.serial('a tenant that wants no passwords, and one that ran out, let nobody in by this way', async t => {
  const scene = await open(t)
  const { house, admin } = scene
  await invite(scene)
  const token = await tokenTo(house, GUEST, 'invite')
  const updated_at = house.clock.now()
  await house.database
    .table('tenant_settings')
    .insert({ tenant_id: admin.tenantId, auth_policy: 'restricted', updated_at })
  const refused = await accept(house, token)
  t.is(refused.status, 403)
  t.is(refused.body.error, 'auth_policy_restricted')
  await house.database.table('tenant_settings').where('tenant_id', admin.tenantId).update({ auth_policy: null })
  const elsewhere = await house.send('POST', `/api/v1/auth/invitations/${token}/accept`, {
    body: { name: 'G', password: PASSWORD },
    headers: { origin: 'https://evil.example' },
  })
  t.is(elsewhere.body.error, 'origin_not_allowed')
  t.is((await accept(house, token)).status, 200)
})

test.serial('where a second factor is required, accepting leads to its set-up', async t => {
  const scene = await open(t)
  const { house, admin } = scene
  await invite(scene)
  const token = await tokenTo(house, GUEST, 'invite')
  await house.database.table('tenants').where('id', admin.tenantId).update({ mfa_required: true })
  const { status, body, cookie } = await accept(house, token)
  t.is(status, 200)
  t.true(body.mfa_setup_required)
  t.is(cookie, undefined)
})

test.serial('an address gets five mails an hour from an account at most', async t => {
  const scene = await open(t)
  const { body } = await invite(scene)
  for (let n = 0; n < 4; n++) {
    await settled(scene.house)
    t.is((await scene.session.send('POST', `/api/v1/users/invitations/${body.id}/resend`)).status, 200)
  }
  await settled(scene.house)
  const { status, headers } = await scene.session.send('POST', `/api/v1/users/invitations/${body.id}/resend`)
  t.is(status, 429)
  t.is(headers['retry-after'], '3600')
  t.is((await invite(scene)).status, 429)
})
