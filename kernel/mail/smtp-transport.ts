import type { NodemailerError } from 'nodemailer'
import { mailFields } from './mail-fields.ts'
import { MailRefusal, type MailTransport, type RefusalKind } from './mail-transport.ts'

/** Connections to the server that one run of the job opens. */
export const CONNECTIONS = 4

/** A mail server, and how to log in there. */
export interface SmtpServer {
  readonly host: string
  readonly port: number
  /** True: TLS from the first byte; false: STARTTLS where the server offers it. */
  readonly secure: boolean
  readonly login: { readonly user: string; readonly pass: string } | undefined
}

const RESEND = { host: 'smtp.resend.com', port: 465, secure: true } as const

/** The mail server that the settings name; undefined when they name none. */
export function smtpServer(settings: {
  readonly SMTP_URL?: string | undefined
  readonly RESEND_API_KEY?: string | undefined
}): SmtpServer | undefined {
  const { SMTP_URL, RESEND_API_KEY } = settings
  if (SMTP_URL !== undefined) return fromUrl(new URL(SMTP_URL))
  if (RESEND_API_KEY === undefined) return undefined
  return { ...RESEND, login: { user: 'resend', pass: RESEND_API_KEY } }
}

function fromUrl({ protocol, hostname, port, username, password }: URL): SmtpServer {
  const secure = protocol === 'smtps:'
  const login = { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    login: username === '' ? undefined : login,
  }
}

/** Sends mails by SMTP (RFC 5321). A login never goes over the network in the clear. */
export async function smtpTransport({ host, port, secure, login }: SmtpServer, from: string): Promise<MailTransport> {
  const { createTransport } = await import('nodemailer')
  const transport = createTransport({
    host,
    port,
    secure,
    requireTLS: !secure && login !== undefined && !isLoopback(host),
    ...(login ? { auth: login } : {}),
    pool: true,
    maxConnections: CONNECTIONS,
    dnsTimeout: 10_000,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
  })
  return {
    async send(mail) {
      const { text, html } = mail
      const fields = mailFields(mail, from)
      try {
        await transport.sendMail({ ...fields, text, html })
      } catch (error) {
        throw refusalOf(error as NodemailerError)
      }
    },
    close: () => transport.close(),
  }
}

const isLoopback = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)

function refusalOf(error: NodemailerError): MailRefusal {
  return new MailRefusal(kindOf(error), error.message.slice(0, 500), error)
}

/**
 * Only what the server says about this recipient or this mail is about this mail. A sender or a login that it refuses is a
 * setting of ours that somebody will mend.
 */
function kindOf({ code, command, permanent }: NodemailerError): RefusalKind {
  const aboutMail = code === 'EMESSAGE' || (code === 'EENVELOPE' && command !== 'MAIL FROM')
  if (!aboutMail) return 'server'
  return permanent === false ? 'later' : 'permanent'
}
