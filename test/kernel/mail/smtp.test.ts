import test from 'ava'
import { mailKernel, mailRows, platform, queueMail, sendNow } from './mail-house.ts'
import { MailServer } from './mail-server.ts'

const MINUTE = 60_000
const token = 'T'.repeat(43)
const url = `https://cloud.example/reset-password/${token}`

test.serial('a queued mail reaches the server, as text and as HTML, and its content is deleted', async t => {
  const server = await MailServer.open(t)
  await using house = await mailKernel({ SMTP_URL: server.url, RESEND_FROM_ADDR: 'no-reply@monozu.example' })
  await queueMail(house, {
    subject: 'Grüße <b>',
    text: ['Jörg & "Ada" <script>alert(1)</script>', 'two\nlines'],
    action: { label: 'Open it', url },
  })
  await house.settled()

  t.is(server.mails.length, 1)
  const [{ email, recipients }] = server.mails as [(typeof server.mails)[0]]
  t.deepEqual(recipients, ['ada@acme.example'])
  t.deepEqual(
    email.to?.map(({ address }) => address),
    ['ada@acme.example'],
  )
  t.is(email.from?.address, 'no-reply@monozu.example')
  t.is(email.subject, 'Grüße <b>')
  t.is(email.headers.find(({ key }) => key === 'auto-submitted')?.value, 'auto-generated')
  t.true(email.text?.includes(`Open it:\n${url}\n`))
  t.true(email.text?.includes('Jörg & "Ada" <script>alert(1)</script>'))
  t.true(email.html?.includes(`href="${url}"`))
  t.true(email.html?.includes('Jörg &amp; &quot;Ada&quot; &lt;script&gt;'))
  t.false(email.html?.includes('<script>'))

  const [row] = await mailRows(house)
  t.like(row, { status: 'sent', content: null, error: null, attempts: 1, recipient: 'ada@acme.example' })
})

test.serial('what is queued in a transaction that is taken back is not sent', async t => {
  const server = await MailServer.open(t)
  await using house = await mailKernel({ SMTP_URL: server.url })
  const db = platform(house)
  await t.throwsAsync(
    db.transaction(async () => {
      await queueMail(house, {}, db)
      throw new Error('taken back')
    }),
  )
  await house.settled()
  t.is(server.mails.length, 0)
  t.deepEqual(await mailRows(house), [])
})

test.serial('until it is sent, the content cannot be read in the database', async t => {
  await using house = await mailKernel({ SMTP_URL: 'smtp://127.0.0.1:1' })
  await queueMail(house, { action: { label: 'Open', url } })
  await house.settled()
  const rows = JSON.stringify(await mailRows(house))
  t.regex(rows, /"content":"v1\./)
  t.false(rows.includes(token))
})

test.serial('a recipient that does not exist is given up at once, with the words of the server', async t => {
  const server = await MailServer.open(t)
  server.refuses.rcpt = [550, 'No such user here']
  await using house = await mailKernel({ SMTP_URL: server.url })
  await queueMail(house)
  await house.settled()
  const [row] = await mailRows(house)
  t.like(row, { status: 'failed', content: null, attempts: 1 })
  t.regex(String(row?.error), /550 No such user here/)
})

test.serial('a mail whose content is refused is given up; another one is sent', async t => {
  const server = await MailServer.open(t)
  server.refuses.data = [554, 'looks like spam']
  await using house = await mailKernel({ SMTP_URL: server.url })
  await queueMail(house)
  await house.settled()
  delete server.refuses.data
  await queueMail(house, { to: 'bob@acme.example' })
  await house.settled()
  t.deepEqual(
    (await mailRows(house)).map(({ status }) => status),
    ['failed', 'sent'],
  )
})

test.serial('a refusal for now is tried again after a pause, and then sent once', async t => {
  const server = await MailServer.open(t)
  server.refuses.rcpt = [451, 'come back later']
  await using house = await mailKernel({ SMTP_URL: server.url })
  await queueMail(house)
  await house.settled()
  t.like((await mailRows(house))[0], { status: 'queued', attempts: 1 })

  delete server.refuses.rcpt
  await house.job('mail', 'send', {})
  t.is(server.mails.length, 0, 'the pause is not over')
  house.clock.advance(MINUTE)
  await house.job('mail', 'send', {})
  await house.job('mail', 'send', {})
  t.is(server.mails.length, 1)
  t.like((await mailRows(house))[0], { status: 'sent', attempts: 2 })
})

test.serial('a server that is gone, or that takes no sender, is waited for, a day at most', async t => {
  const server = await MailServer.open(t)
  await server.close()
  await using house = await mailKernel({ SMTP_URL: server.url })
  await queueMail(house)
  await house.settled()
  t.like((await mailRows(house))[0], { status: 'queued', attempts: 1 })

  await server.listen()
  server.refuses.from = [550, 'sender not verified']
  house.clock.advance(MINUTE)
  await house.job('mail', 'send', {})
  t.like((await mailRows(house))[0], { status: 'queued', attempts: 2 })

  house.clock.advance(24 * 60 * MINUTE)
  await house.job('mail', 'send', {})
  const [row] = await mailRows(house)
  t.like(row, { status: 'failed', content: null })
  t.regex(String(row?.error), /sender not verified/)
})

test.serial('a mail that was sealed under a key that is not here waits; one that was changed is given up', async t => {
  const server = await MailServer.open(t)
  const SECRET_KEY = 'another-secret-key-of-the-mail-tests-0123'
  await using house = await mailKernel({ SMTP_URL: server.url, SECRET_KEY })
  await queueMail(house)
  await house.settled()
  t.like((await mailRows(house))[0], { status: 'queued', attempts: 1 })
  await platform(house).table('mail_messages').update({ content: 'changed' })
  house.clock.advance(MINUTE)
  await house.job('mail', 'send', {})
  t.like((await mailRows(house))[0], { status: 'failed', content: null })
  t.is(server.mails.length, 0)
})

test.serial('two workers do not both send a mail', async t => {
  const server = await MailServer.open(t)
  await using house = await mailKernel({ SMTP_URL: server.url })
  for (let n = 0; n < 12; n++) await queueMail(house, { to: `user-${n}@acme.example` }, platform(house), 'no run')
  const results = await Promise.all([
    sendNow(house, server.url),
    sendNow(house, server.url),
    sendNow(house, server.url),
  ])
  t.is(
    results.reduce((sum, { sent }) => sum + sent, 0),
    12,
  )
  const reached = server.mails.map(({ recipients }) => recipients[0])
  t.is(reached.length, 12)
  t.is(new Set(reached).size, 12)
})

test.serial('a run of the job shows neither what was sent nor how much', async t => {
  const server = await MailServer.open(t)
  await using house = await mailKernel({ SMTP_URL: server.url })
  await queueMail(house, { action: { label: 'Open', url } })
  await house.settled()
  t.is(server.mails.length, 1)
  const runs = await house.kernel.runtime.database.knex('job_runs').where({ plugin: 'mail', name: 'send' })
  t.true(runs.length > 0)
  for (const { data, progress, result } of runs) {
    t.deepEqual([JSON.parse(data as string), progress, result ?? null], [{}, null, null])
  }
})

test.serial('health says when mails wait for long, and a mail that is over is forgotten after thirty days', async t => {
  const server = await MailServer.open(t)
  await server.close()
  await using house = await mailKernel({ SMTP_URL: server.url })
  const host = house.kernel.catalogue.byName('mail')
  await queueMail(house)
  await house.settled()
  t.is(await host?.health(), undefined)
  house.clock.advance(31 * MINUTE)
  t.regex((await host?.health()) ?? '', /1 mails were tried in vain/)

  house.clock.advance(30 * 24 * 60 * MINUTE)
  await house.job('mail', 'send', {})
  t.is(await host?.health(), undefined)
  await house.job('mail', 'prune', {})
  t.deepEqual(await mailRows(house), [])
})
