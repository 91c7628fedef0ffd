import type { SendMailOptions } from 'nodemailer'
import { MailRefusal, type OutgoingMail } from './mail-transport.ts'

const SENDER = 'Monozu Cloud'

/** One plain address: nothing in it ends a header or a command, quotes, or begins another address. */
const ADDRESS = /^[^\s\p{C}<>()[\],;:\\"@]+@[^\s\p{C}<>()[\],;:\\"@]+$/u

/**
 * A mail as nodemailer takes it. nodemailer reads lists of addresses, so that a comma in one would make a second recipient:
 * only what is one address gets there. `Auto-Submitted` keeps automatic answers away (RFC 3834).
 * @throws MailRefusal
 */
export function mailFields(mail: OutgoingMail, from: string): SendMailOptions {
  const { id, to, date, subject } = mail
  if (!ADDRESS.test(to)) throw new MailRefusal('permanent', 'this is no address that mail can be sent to')
  return {
    from: { name: SENDER, address: from },
    to: { name: '', address: to },
    envelope: { from, to: [to] },
    messageId: `<${id}@${from.slice(from.lastIndexOf('@') + 1)}>`,
    date,
    subject,
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}
