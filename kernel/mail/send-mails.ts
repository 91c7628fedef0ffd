import type { PlatformCall } from '../contract.ts'
import { redactText } from '../log/redact.ts'
import { type Sealer, UnsealError } from '../secrets/sealed.ts'
import type { MailMessage } from './mail-queue.ts'
import { type DueMail, MailRows } from './mail-rows.ts'
import { mailText } from './mail-text.ts'
import { MailRefusal, type MailTransport, type RefusalKind } from './mail-transport.ts'
import { CONNECTIONS } from './smtp-transport.ts'

/** What came of a run. */
export interface SendResult {
  sent: number
  later: number
  failed: number
}

interface SendParts {
  readonly sealer: Sealer
  /** Address of the web application. */
  readonly home: string
  open(): Promise<MailTransport>
}

const AT_ONCE = 50

/**
 * Sends what is due, a few at a time. Each mail is claimed first, so that two workers do not both send it; it goes out
 * twice only when a process ends between the server's answer and its note of it. A server that does not answer ends the run.
 */
export async function sendMails(call: PlatformCall, parts: SendParts): Promise<SendResult> {
  const rows = new MailRows(call.db, () => call.now())
  const result: SendResult = { sent: 0, later: 0, failed: 0 }
  let due = await rows.due(AT_ONCE)
  if (due.length === 0) return result
  const transport = await parts.open()
  try {
    let dead = false
    while (due.length > 0 && !dead) {
      const mails = due.values()
      const lane = async (): Promise<void> => {
        for (const mail of mails) {
          if (dead || call.signal.aborted) return
          if (!(await rows.claim(mail))) continue
          const outcome = await send(call, rows, mail, transport, parts)
          dead ||= outcome === 'server'
          result[outcome === 'server' ? 'later' : outcome]++
        }
      }
      await Promise.all(Array.from({ length: CONNECTIONS }, lane))
      call.signal.throwIfAborted()
      due = dead ? [] : await rows.due(AT_ONCE)
    }
  } finally {
    transport.close()
  }
  return result
}

async function send(
  call: PlatformCall,
  rows: MailRows,
  mail: DueMail,
  transport: MailTransport,
  { sealer, home }: SendParts,
): Promise<keyof SendResult | 'server'> {
  try {
    const message = JSON.parse(sealer.open('mail', mail.content ?? '', mail.id)) as MailMessage
    const text = mailText(message, home)
    await transport.send({ ...text, id: mail.id, to: message.to, date: new Date(mail.created_at) })
  } catch (error) {
    return refuse(call, rows, mail, error as Error)
  }
  await rows.sent(mail)
  return 'sent'
}

async function refuse(
  call: PlatformCall,
  rows: MailRows,
  mail: DueMail,
  error: Error,
): Promise<'failed' | 'later' | 'server'> {
  const words = redactText(error.message).slice(0, 500)
  const kind = kindOf(error)
  if (kind === 'permanent') {
    await rows.fail(mail, words)
    call.log.warn({ mail_id: mail.id, reason: words }, 'a mail was refused for good')
    return 'failed'
  }
  const outcome = await rows.postpone(mail, words)
  if (outcome === 'failed') call.log.error({ mail_id: mail.id, reason: words }, 'a mail was given up after a day')
  else if (kind === 'server') call.log.warn({ reason: words }, 'the mail server takes no mail; trying again later')
  return kind === 'server' ? 'server' : outcome
}

/** What was sealed under a key that is not here may be opened by another instance, or once SECRET_KEY_PREVIOUS is set. */
function kindOf(error: Error): RefusalKind {
  if (error instanceof MailRefusal) return error.kind
  return error instanceof UnsealError && error.reason === 'unknown_key' ? 'later' : 'permanent'
}
