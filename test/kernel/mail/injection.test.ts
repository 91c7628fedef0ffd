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

const EVIL = [
  'Hi\r\nBcc: victim@evil.example',
  'Hi\nX-Evil: 1\n\nbody',
  'Hi\rBcc: victim@evil.example',
  'Hi\0\r\nBcc: victim@evil.example',
  'Hi\u2028Bcc: victim@evil.example\u2029\u0085x',
  '=?utf-8?Q?Hi=0D=0ABcc:_victim@evil.example?=',
  `${'x'.repeat(5000)}\r\nBcc: victim@evil.example`,
]

test.serial('no text in a subject or in a paragraph adds a header or a recipient', async t => {
  const server = await MailServer.open(t)
  await using house = await mailKernel({ SMTP_URL: server.url })
  for (const evil of EVIL) await queueMail(house, { subject: evil, text: [`From ${evil}`] })
  await house.settled()
  t.is(server.mails.length, EVIL.length)
  for (const { email, recipients } of server.mails) {
    t.deepEqual(recipients, ['ada@acme.example'])
    t.deepEqual(
      [...new Set(email.headers.map(({ key }) => key))].filter(key => !HEADERS.includes(key)),
      [],
      email.subject,
    )
    t.is(email.bcc, undefined)
    t.is(email.to?.length, 1)
  }
})

test.serial('what is not one plain address reaches nobody; an odd one reaches who it says', async t => {
  const server = await MailServer.open(t)
  await using house = await mailKernel({ SMTP_URL: server.url })
  const evil = [
    'ada@acme.example\r\nRCPT TO:<victim@evil.example>',
    'ada@acme.example,victim@evil.example',
    'ada@acme.example> <victim@evil.example',
    '"ada@acme.example, victim@evil.example"@acme.example',
    'ada@acme.example\u0001',
    'a b@acme.example',
    'ada@acme.example;victim@evil.example',
    'group:ada@acme.example;',
  ]
  const odd = ["o'hara+cloud@acme.example", `${'a'.repeat(64)}@acme.example`, 'x_y-z.1@sub.acme.example']
  for (const to of [...evil, ...odd]) await queueMail(house, { to })
  await house.settled()
  t.deepEqual(server.mails.map(({ recipients }) => recipients[0]).sort(), [...odd].sort())
  for (const { email, recipients } of server.mails) t.deepEqual([email.to?.length, recipients.length], [1, 1])
  for (const { recipient, status } of await mailRows(house)) {
    t.is(status, odd.includes(String(recipient)) ? 'sent' : 'failed', String(recipient))
  }
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
