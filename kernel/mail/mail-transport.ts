import type { MailText } from './mail-text.ts'

/** A mail that goes out now. */
export interface OutgoingMail extends MailText {
  /** The same each time it is sent, so that a mail that comes twice is known as one. */
  readonly id: string
  readonly to: string
  readonly date: Date
}

/** Where mails go. */
export interface MailTransport {
  /** @throws MailRefusal */
  send(mail: OutgoingMail): Promise<void>
  close(): void
}

/**
 * Why a mail did not go out. `permanent`: this mail never will. `later`: this mail may, at another time. `server`: no mail
 * will at the moment.
 */
export type RefusalKind = 'permanent' | 'later' | 'server'

/** A mail that was not taken, with the words of the mail server. */
export class MailRefusal extends Error {
  override readonly name = 'MailRefusal'
  readonly kind: RefusalKind

  constructor(kind: RefusalKind, message: string, cause?: unknown) {
    super(message, { cause })
    this.kind = kind
  }
}
