import test from 'ava'
import { mailText, nameInMail, oneLine } from '../../../kernel/mail/mail-text.ts'
import { mailKernel, mailRows, queueMail } from './mail-house.ts'
import { MailServer } from './mail-server.ts'

const HEADERS = [
  'auto-submitted',
  'content-type',
  'date',
  'from',
  'message-id',
  'mime-version',
  'received',
  'subject',
  'to',
]

for (const [name, evil] of [
  ['CR LF', 'Hi\r\nBcc: victim@evil.example'],
  ['LF', 'Hi\nX-Evil: 1\n\nbody'],
  ['CR', 'Hi\rBcc: victim@evil.example'],
  ['NUL', 'Hi\0\r\nBcc: victim@evil.example'],
  ['line and paragraph separators', 'Hi\u2028Bcc: victim@evil.example\u2029\u0085x'],
  ['an encoded word', '=?utf-8?Q?Hi=0D=0ABcc:_victim@evil.example?='],
  ['a very long line', `${'x'.repeat(5000)}\r\nBcc: victim@evil.example`],
] as const) {
  test(`${name} in a subject and in a name adds no header and no recipient`, async t => {
    const server = await MailServer.open(t)
    await using house = await mailKernel({ SMTP_URL: server.url })
    await queueMail(house, { subject: evil, text: [`From ${evil}`] })
    await house.settled()
    t.is(server.mails.length, 1)
    const { email, recipients } = server.mails[0] as (typeof server.mails)[0]
    t.deepEqual(recipients, ['ada@acme.example'])
    t.deepEqual(
      [...new Set(email.headers.map(({ key }) => key))].filter(key => !HEADERS.includes(key)),
      [],
    )
    t.is(email.bcc, undefined)
    t.is(email.to?.length, 1)
  })
}

for (const to of [
  'ada@acme.example\r\nRCPT TO:<victim@evil.example>',
  'ada@acme.example,victim@evil.example',
  'ada@acme.example> <victim@evil.example',
  '"ada@acme.example, victim@evil.example"@acme.example',
  'ada@acme.example\0',
  'a b@acme.example',
]) {
  test(`an address such as ${JSON.stringify(to)} reaches nobody else`, async t => {
    const server = await MailServer.open(t)
    await using house = await mailKernel({ SMTP_URL: server.url })
    await queueMail(house, { to })
    await house.settled()
    const [row] = await mailRows(house)
    t.not(row?.status, 'queued')
    for (const { email, recipients } of server.mails) {
      t.is(recipients.length, 1)
      t.false(recipients.includes('victim@evil.example'))
      t.is(email.to?.length, 1)
      t.is(email.bcc, undefined)
    }
  })
}

test('an address with a plus, an apostrophe or a long name reaches who it says', async t => {
  const server = await MailServer.open(t)
  await using house = await mailKernel({ SMTP_URL: server.url })
  const addresses = ["o'hara+cloud@acme.example", `${'a'.repeat(64)}@acme.example`, 'x_y-z.1@sub.acme.example']
  for (const to of addresses) await queueMail(house, { to })
  await house.settled()
  t.deepEqual(server.mails.map(({ recipients }) => recipients[0]).sort(), [...addresses].sort())
})

test('a name in a mail to strangers is short, and nothing in it becomes a link', t => {
  t.is(nameInMail('Dr. Ada Smith'), 'Dr. Ada Smith')
  t.is(nameInMail('Win at https://evil.example/now'), 'Win at https: / / evil. example/ now')
  t.is(nameInMail('mail me@evil.example\r\nBcc: x'), 'mail me@ evil. example Bcc: x')
  t.true([...nameInMail('x'.repeat(500))].length <= 80)
  t.is(oneLine('a\u202egnp.exe\u0007', 50), 'a gnp.exe')
  t.is(oneLine('half \ud83d of a character', 50), 'half � of a character')
})

test('a mail links to the web only', t => {
  const action = { label: 'Open', url: 'javascript:alert(1)' }
  t.throws(() => mailText({ to: 'a@b.example', subject: 's', text: [], action }, 'https://cloud.example'), {
    message: /cannot link to javascript:/,
  })
})
