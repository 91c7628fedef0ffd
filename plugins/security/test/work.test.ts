import test from 'ava'
import { withDesk } from './desk.ts'

test(
  'an alert is acknowledged, closed and opened again, and nothing else',
  withDesk(async (t, desk) => {
    await desk.report([{ title: 'Scan' }])
    const { id } = await desk.only()
    const outcome = async (action: string, body?: object) => {
      const answer = await desk.act(id, action, body)
      return answer.status === 200 ? answer.body.status : `${answer.status} ${answer.body.error}`
    }
    const closing = { reason: 'false_positive', note: 'a scanner of ours' }
    t.is(await outcome('reopen'), '409 conflict')
    t.is(await outcome('acknowledge'), 'acknowledged')
    t.is(await outcome('acknowledge'), '409 conflict')
    t.is(await outcome('reopen'), '409 conflict')
    t.is(await outcome('close', closing), 'closed')
    const now = desk.kernel.clock.now().toISOString()
    const closed = await desk.only()
    t.like(closed, {
      close_reason: 'false_positive',
      close_note: 'a scanner of ours',
      closed_at: now,
      acknowledged_at: now,
    })
    t.is(closed.closed_by, closed.acknowledged_by)
    t.is(await outcome('close', closing), '409 conflict')
    t.is(await outcome('acknowledge'), '409 conflict')
    t.is(await outcome('assign', { user_id: null }), '409 conflict')
    t.is(await outcome('reopen'), 'open')
    t.like(await desk.only(), { close_reason: null, closed_at: null, closed_by: null, acknowledged_at: null })
    t.is(await outcome('close', { reason: 'resolved' }), 'closed')
    const actions = (await desk.kernel.audit('a')).map(({ action }) => action)
    t.deepEqual(
      actions.filter(action => String(action).startsWith('security_alert')),
      ['security_alert.acknowledged', 'security_alert.closed', 'security_alert.reopened', 'security_alert.closed'],
    )
  }),
)

test(
  'an alert that was opened again counts repeats, unless a newer one does',
  withDesk(async (t, desk) => {
    await desk.report([{ title: 'Scan' }])
    const { id } = await desk.only()
    await desk.act(id, 'close', { reason: 'resolved' })
    await desk.act(id, 'reopen')
    await desk.report([{ title: 'Scan' }])
    t.is((await desk.only()).occurrences, 2)
    await desk.act(id, 'close', { reason: 'resolved' })
    await desk.report([{ title: 'Scan' }])
    t.is((await desk.act(id, 'reopen')).status, 200)
    await desk.report([{ title: 'Scan' }])
    t.deepEqual(
      (await desk.alerts()).map(({ occurrences }) => occurrences),
      [2, 2],
    )
  }),
)

test(
  'why an alert is closed is said, in words of its own where it is something else',
  withDesk(async (t, desk) => {
    await desk.report([{ title: 'Scan' }])
    const { id } = await desk.only()
    const status = async (body: object) => (await desk.act(id, 'close', body)).status
    t.is(await status({}), 422)
    t.is(await status({ reason: 'bored' }), 422)
    t.is(await status({ reason: 'other' }), 422)
    t.is(await status({ reason: 'resolved', note: '' }), 422)
    t.is(await status({ reason: 'other', note: 'moved to the police' }), 200)
  }),
)

test(
  'an alert is given to a user of the tenant who can log in',
  withDesk(async (t, desk) => {
    const { user, kernel } = desk
    await desk.report([{ title: 'Scan' }])
    const { id } = await desk.only()
    const { body: me } = await user.get('/me')
    const assigned = await desk.act(id, 'assign', { user_id: me.id })
    t.is(assigned.body.assignee_id, me.id)
    t.is((await desk.alerts(`&assignee_id=${me.id}`)).length, 1)
    const stranger = (await (await kernel.as('b')).get('/me')).body
    const refused = await desk.act(id, 'assign', { user_id: stranger.id })
    t.deepEqual([refused.status, refused.body.errors[0].path], [422, 'body.user_id'])
    t.is((await desk.act(id, 'assign', { user_id: null })).body.assignee_id, null)
  }),
)

test(
  'who has seen an older alert is told so',
  withDesk(async (t, desk) => {
    await desk.report([{ title: 'Scan' }])
    const { id } = await desk.only()
    const { headers } = await desk.user.get(`/security/alerts/${id}`)
    const before = { 'if-match': String(headers.etag) }
    await desk.report([{ title: 'Scan' }])
    t.is((await desk.act(id, 'acknowledge', undefined, before)).status, 412)
    const now = await desk.user.get(`/security/alerts/${id}`)
    t.is((await desk.act(id, 'acknowledge', undefined, { 'if-match': String(now.headers.etag) })).status, 200)
  }),
)

test(
  'several alerts are acknowledged or closed at once; what others did already stays',
  withDesk(async (t, desk) => {
    const { user, kernel } = desk
    await desk.report(['a', 'b', 'c'].map(title => ({ title })))
    const ids = (await desk.alerts()).map(({ id }) => id)
    await desk.act(ids[0], 'close', { reason: 'resolved' })
    const acknowledged = await user.post('/security/alerts/acknowledge', { alert_ids: [...ids, ids[1]] })
    t.deepEqual(acknowledged.body, { changed: 2, unchanged: 1 })
    const closed = await user.post('/security/alerts/close', { alert_ids: ids, reason: 'duplicate' })
    t.deepEqual(closed.body, { changed: 2, unchanged: 1 })
    t.deepEqual(
      (await desk.alerts()).map(({ close_reason }) => close_reason),
      ['resolved', 'duplicate', 'duplicate'],
    )
    await desk.report([{ title: 'd' }])
    const fresh = (await desk.alerts('&status=open'))[0].id
    const missing = await user.post('/security/alerts/close', {
      alert_ids: [fresh, '01890000-0000-7000-8000-00000000000f'],
      reason: 'resolved',
    })
    t.is(missing.status, 404)
    t.is((await desk.alerts('&status=open')).length, 1, 'nothing was changed')
    const other = await kernel.as('b')
    t.is((await other.post('/security/alerts/acknowledge', { alert_ids: [fresh] })).status, 404)
    t.is((await other.post(`/security/alerts/${fresh}/acknowledge`)).status, 404)
    t.is((await user.post('/security/alerts/acknowledge', { alert_ids: [] })).status, 422)
    const reader = await kernel.as('a', ['security:read'])
    t.is((await reader.post(`/security/alerts/${fresh}/acknowledge`)).status, 403)
  }),
)
