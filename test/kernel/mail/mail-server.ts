import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer } from 'smtp-server'

/** An answer of a mail server that takes no mail: its code and its words. */
export type Refusal = readonly [code: number, words: string]

/** A mail as it arrived. */
export interface Arrived {
  readonly recipients: readonly string[]
  readonly email: Email
  readonly source: string
}

/** A real SMTP server on loopback, which can be told to refuse. */
export class MailServer {
  readonly mails: Arrived[] = []
  /** How it answers the next commands; undefined: it takes them. */
  readonly refuses: { rcpt?: Refusal; from?: Refusal; data?: Refusal } = {}
  /** Called before a mail is answered. */
  beforeAnswer: () => Promise<void> = async () => undefined
  #server: SMTPServer
  #port = 0

  private constructor() {
    this.#server = this.#make()
  }

  static async open(t: ExecutionContext): Promise<MailServer> {
    const opened = new MailServer()
    await opened.listen()
    t.teardown(() => opened.close())
    return opened
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.#port}`
  }

  /** Listens, on the same port as before. */
  async listen(): Promise<void> {
    this.#server = this.#make()
    await new Promise<void>(resolve => this.#server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (this.#server.server.address() as AddressInfo).port
  }

  close(): Promise<void> {
    return new Promise(resolve => this.#server.close(resolve))
  }

  #make(): SMTPServer {
    const answer = (refusal: Refusal | undefined): Error | undefined =>
      refusal && Object.assign(new Error(refusal[1]), { responseCode: refusal[0] })
    const made = new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      closeTimeout: 100,
      onMailFrom: (_address, _session, done) => done(answer(this.refuses.from)),
      onRcptTo: (_address, _session, done) => done(answer(this.refuses.rcpt)),
      onData: (stream, session, done) => {
        const chunks: Buffer[] = []
        stream.on('data', chunk => chunks.push(chunk))
        stream.on('end', async () => {
          await this.beforeAnswer()
          const refused = answer(this.refuses.data)
          if (refused) return done(refused)
          const source = Buffer.concat(chunks).toString()
          const recipients = session.envelope.rcptTo.map(({ address }) => address)
          this.mails.push({ recipients, source, email: await PostalMime.parse(source) })
          done()
        })
      },
    })
    made.on('error', () => undefined)
    return made
  }
}
