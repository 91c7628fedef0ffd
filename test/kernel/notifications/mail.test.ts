import test from 'ava'
import { CallCore } from '../../../kernel/call.ts'
import type { Call } from '../../../kernel/contract.ts'
import { newId } from '../../../kernel/data/id.ts'
import type { MailMessage } from '../../../kernel/mail/mail-queue.ts'
import { deliver } from '../../../kernel/notifications/deliver.ts'
import { NoticeHouse } from './notice-house.ts'

test('mail goes to those who want it, at an address that may be written to', async t => {
  await using house = await NoticeHouse.open()
  const [verified, unverified, unwilling] = [await house.user(), await house.user(), await house.user()]
  await house.verified(verified, unwilling)
  await unwilling.client.put('/notifications/preferences', { items: [{ kind: 'crier.news', mail: false }] })
  const made = await (await house.kernel.as('a')).post('/users', {
    email: 'made@example.com',
    name: 'Made by an administrator',
    password: 'a long password of 42 words',
  })
  t.is(made.status, 201, made.text)
  await house.tell({ to: { users: [verified.id, unverified.id, unwilling.id, made.body.id] } })
  const recipients = (await house.mails()).map(({ recipient }) => recipient).sort()
  t.deepEqual(recipients, [(await verified.client.get('/me')).body.email, 'made@example.com'].sort())
  for (const user of [verified, unverified, unwilling]) t.is((await house.heard(user)).length, 1)
})

test('a kind without mail comes by mail to those who ask for it', async t => {
  await using house = await NoticeHouse.open()
  const [calm, curious] = [await house.user(), await house.user()]
  await house.verified(calm, curious)
  await curious.client.put('/notifications/preferences', { items: [{ kind: 'crier.gossip', mail: true }] })
  await house.tell({ to: { users: [calm.id, curious.id] }, kind: 'gossip' })
  t.is((await house.mails()).length, 1)
})

test('a user gets twenty mails an hour and no more; the list has all', async t => {
  await using house = await NoticeHouse.open()
  const ann = await house.user()
  await house.verified(ann)
  const tell = async (times: number) => {
    for (let n = 0; n < times; n++) await house.post({ to: { users: [ann.id] }, title: `No ${n}` })
    await house.kernel.settled()
  }
  await tell(25)
  t.is((await house.mails()).length, 20)
  t.is((await ann.client.get('/notifications/unread')).body.unread, 25)
  house.kernel.clock.advance(59 * 60_000)
  await tell(1)
  t.is((await house.mails()).length, 20)
  house.kernel.clock.advance(2 * 60_000)
  const { kernel } = house.kernel
  const core = new CallCore(kernel.runtime, { actor: { kind: 'service', id: 'test' } })
  await kernel.catalogue
    .byName('crier')
    ?.notify(core, house.kernel.tenantId('a'), { kind: 'news', title: 'Later', to: { users: [ann.id] } })
  await house.kernel.settled()
  t.is((await house.mails()).length, 21)
})

test('a mail has the title, the text, and a link below the application’s address', async t => {
  await using house = await NoticeHouse.open()
  const ann = await house.user()
  await house.verified(ann)
  const { kernel } = house.kernel
  const sent: MailMessage[] = []
  const mail = { queue: async (_db: unknown, message: MailMessage) => void sent.push(message) }
  const kind = { kind: 'crier.news', plugin_title: 'Crier', title: 'News', mail: true }
  for (const more of [{ path: '/news?id=1#x', body: 'First.\n\nSecond.' }, {}]) {
    const core = new CallCore(kernel.runtime, { actor: { kind: 'service', id: 'test' } })
    const call = kernel.catalogue.byName('notifications')?.ownCall(core, house.kernel.tenantId('a')) as Call
    const notice = { kind: 'crier.news', notice_id: newId(), title: 'Hear', to: { users: [ann.id] }, ...more }
    await deliver(call, notice, kind, { mail, appUrl: 'https://cloud.example/app' })
  }
  const [full, bare] = sent
  t.like(full, { subject: 'Hear', action: { label: 'Open', url: 'https://cloud.example/app/news?id=1#x' } })
  t.deepEqual(full?.text.slice(0, 2), ['First.', 'Second.'])
  t.regex(full?.text[2] ?? '', /“News”/)
  t.is(bare?.action, undefined)
  t.is(bare?.text[0], 'Hear')
})
