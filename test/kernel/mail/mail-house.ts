import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import PostalMime, { type Email } from 'postal-mime'
import { CallCore, PlatformWork } from '../../../kernel/call.ts'
import { PlatformDb } from '../../../kernel/data/platform-db.ts'
import { mailFolder } from '../../../kernel/mail/file-transport.ts'
import { MAIL, SEND_JOB } from '../../../kernel/mail/mail-plugin.ts'
import type { MailMessage } from '../../../kernel/mail/mail-queue.ts'
import { type SendResult, sendMails } from '../../../kernel/mail/send-mails.ts'
import { smtpServer, smtpTransport } from '../../../kernel/mail/smtp-transport.ts'
import { StoredMail } from '../../../kernel/mail/stored-mail.ts'
import type { PluginHost } from '../../../kernel/plugins/host.ts'
import { createSealer } from '../../../kernel/secrets/sealed.ts'
import { startTestKernel, type TestKernel, type TestKernelOptions } from '../../../kernel/testing/test-kernel.ts'

const SECRET_KEY = 'the-secret-key-of-the-mail-tests-0123456789'

/** A kernel without plugins of its own, whose mails go where the settings say. */
export const mailKernel = (env: Record<string, string>, options: TestKernelOptions = {}): Promise<TestKernel> =>
  startTestKernel({ plugins: [], env: { SECRET_KEY, ...env }, ...options })

/** The database of a kernel, across tenants. */
export const platform = (t: TestKernel): PlatformDb => new PlatformDb(t.kernel.runtime.database, new Set())

/** Queues a mail as a request does. */
export async function queueMail(
  t: TestKernel,
  message: Partial<MailMessage> = {},
  db: PlatformDb = platform(t),
  run: 'a run' | 'no run' = 'a run',
): Promise<void> {
  const { scheduler, workAhead } = t.kernel.runtime
  const mail = new StoredMail({
    sealer: createSealer(SECRET_KEY),
    enqueue: async trx => run === 'a run' && scheduler.enqueue(trx, { plugin: MAIL, name: SEND_JOB, data: {} }),
    tell: () => workAhead.tell('jobs'),
  })
  const whole = { to: 'ada@acme.example', subject: 'Hello', text: ['A first paragraph.'], ...message }
  await mail.queue(db, whole, t.clock.now())
}

/** Rows of the mails, the oldest first. */
export const mailRows = (t: TestKernel): Promise<Record<string, unknown>[]> =>
  platform(t).table('mail_messages').select('*').orderBy('created_at').orderBy('id')

/** The mails that were written to files, the oldest first. */
export async function mailFiles(dataDir: string): Promise<{ name: string; source: string; email: Email }[]> {
  const folder = mailFolder(dataDir)
  const names = (await readdir(folder).catch(() => [])).sort()
  return Promise.all(
    names.map(async name => {
      const source = await readFile(path.join(folder, name), 'utf8')
      return { name, source, email: await PostalMime.parse(source) }
    }),
  )
}

/** Sends what is due, as a worker does. */
export async function sendNow(t: TestKernel, url: string): Promise<SendResult> {
  const core = new CallCore(t.kernel.runtime, { actor: { kind: 'service', id: MAIL } })
  const call = new PlatformWork(core, t.kernel.catalogue.byName(MAIL) as PluginHost)
  const server = smtpServer({ SMTP_URL: url })
  if (!server) throw new Error('no server')
  const open = () => smtpTransport(server, 'no-reply@monozu.example')
  return sendMails(call, { sealer: createSealer(SECRET_KEY), home: 'https://cloud.example', open })
}
