import test from 'ava'
import { Desk, withDesk } from './desk.ts'

const titles = (notices: readonly { readonly title: string }[]): string[] => notices.map(({ title }) => title)

test(
  'those who work on alerts are told of severe ones that are new, and of no others',
  withDesk(async (t, desk) => {
    await desk.report([
      { title: 'Scan', severity: 'high', description: 'Many ports' },
      { title: 'Noise', severity: 'medium' },
    ])
    await desk.report([{ title: 'Scan', severity: 'high', description: 'Many ports' }])
    await desk.find({ cvss_score: 10 })
    const [scan] = await desk.alerts('&severity=high')
    const notices = await desk.kernel.notices('a')
    t.deepEqual(titles(notices), ['High: Scan', 'Critical: CVE-2021-44228 is critical, and affects 1 asset'])
    t.deepEqual(notices[0], {
      kind: 'security.alert-raised',
      to: { permission: 'security:manage' },
      title: 'High: Scan',
      body: 'Many ports',
      path: `/security/alerts/${scan.id}`,
      unique: scan.id,
    })
    const worker = await desk.kernel.as('a', ['security:manage'])
    const reader = await desk.kernel.as('a', ['security:read'])
    await desk.report([{ title: 'Another', severity: 'critical' }])
    t.deepEqual(titles((await worker.get('/notifications')).body.items), ['Critical: Another'])
    t.deepEqual((await reader.get('/notifications')).body.items, [])
    t.deepEqual(await desk.kernel.notices('b'), [])
  }),
)

test(
  'five hundred alerts in a minute are six notices, and six mails',
  withDesk(async (t, desk) => {
    const worker = await desk.kernel.as('a', ['security:manage'])
    const { id } = (await worker.get('/me')).body
    const email_verified_at = desk.kernel.clock.now().toISOString()
    await desk.kernel.kernel.runtime.database.knex('users').where({ id }).update({ email_verified_at })
    for (let batch = 0; batch < 20; batch++) {
      const alerts = Array.from({ length: 25 }, (_, n) => ({ title: `Scan ${batch}.${n}`, severity: 'high' as const }))
      await desk.report(alerts)
    }
    t.is((await desk.alerts('&limit=1&count=true')).length, 1)
    const told = titles(await desk.kernel.notices('a'))
    t.is(told.length, 6)
    t.regex(told[5] ?? '', /^More than 5 severe security alerts since \d\d:00 UTC$/)
    t.is((await worker.get('/notifications/unread')).body.unread, 6)
    t.is((await desk.kernel.kernel.runtime.database.knex('mail_messages').where({ subject: told[5] })).length, 1)
    t.is((await desk.kernel.kernel.runtime.database.knex('mail_messages')).length, 6)
  }),
)

test(
  'a storm that comes one alert at a time is the same',
  withDesk(async (t, desk) => {
    for (let n = 1; n <= 8; n++) await desk.report([{ title: `Scan ${n}`, severity: 'critical' }])
    t.deepEqual(
      titles(await desk.kernel.notices('a')).map(title => title.replace(/\d\d:00/, 'hh:00')),
      [1, 2, 3, 4, 5].map(n => `Critical: Scan ${n}`).concat('More than 5 severe security alerts since hh:00 UTC'),
    )
  }),
)

test(
  'somebody to whom an alert is given is told, unless they took it themselves',
  withDesk(async (t, desk) => {
    await desk.report([{ title: 'Scan', severity: 'low' }])
    const { id } = await desk.only()
    const me = (await desk.user.get('/me')).body.id
    const worker = await desk.kernel.as('a', ['security:read'])
    const other = (await worker.get('/me')).body.id
    await desk.act(id, 'assign', { user_id: me })
    t.deepEqual(await desk.kernel.notices('a'), [])
    await desk.act(id, 'assign', { user_id: other })
    await desk.act(id, 'assign', { user_id: other })
    await desk.act(id, 'assign', { user_id: null })
    await desk.kernel.settled()
    const notices = await desk.kernel.notices('a')
    t.is(notices.length, 1)
    t.like(notices[0], { kind: 'security.alert-assigned', to: { users: [other] }, title: 'For you: Scan' })
    t.deepEqual(titles((await worker.get('/notifications')).body.items), ['For you: Scan'])
  }),
)

test(
  'a title without text, or with lines, is told all the same',
  withDesk(async (t, desk) => {
    await desk.report([
      { title: ' ', severity: 'high', description: '  ' },
      { title: `a\nSubject: b ${'x'.repeat(300)}`, severity: 'high' },
    ])
    const told = titles(await desk.kernel.notices('a'))
    t.is(told[0], 'High:')
    t.regex(told[1] ?? '', /^High: a Subject: b x+…$/)
    t.is(told[1]?.length, 300)
  }),
)

test(
  'when the hour is over alerts are told one by one again',
  withDesk(async (t, desk) => {
    await desk.report(Array.from({ length: 9 }, (_, n) => ({ title: `Scan ${n}` })))
    desk.kernel.clock.advance(3_600_000)
    const later = new Desk(desk.kernel, await desk.kernel.as('a', ['*', 'security:read']))
    await later.report([{ title: 'An hour later' }])
    const told = titles(await desk.kernel.notices('a'))
    t.is(told.length, 7)
    t.is(told[6], 'High: An hour later')
  }),
)
