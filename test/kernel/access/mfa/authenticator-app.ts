import type { ExecutionContext } from 'ava'
import { generate } from 'otplib'
import { type AccessHouse, type Answer, PASSWORD, type Person, type Session } from '../access-house.ts'

/** An authenticator app that holds one account. */
export class AuthenticatorApp {
  readonly #house: AccessHouse
  readonly secret: string

  constructor(house: AccessHouse, secret: string) {
    this.#house = house
    this.secret = secret
  }

  /** The code that the app shows; `later` so many steps of 30 seconds from now. */
  code(later = 0): Promise<string> {
    return generate({ secret: this.secret, epoch: Math.floor(this.#house.clock.time / 1000) + 30 * later })
  }
}

/** Somebody who has a second factor. */
export interface Enrolled {
  readonly person: Person
  readonly session: Session
  readonly app: AuthenticatorApp
  readonly recoveryCodes: readonly string[]
}

/** Sets up a second factor for somebody; a step has passed since, so that the next code is a new one. */
export async function enrol(t: ExecutionContext, house: AccessHouse, person: Person): Promise<Enrolled> {
  const session = await house.as(person)
  const { body } = await session.send('POST', '/api/v1/auth/mfa/setup', { body: {} })
  const app = new AuthenticatorApp(house, body.secret)
  const enabled = await session.send('POST', '/api/v1/auth/mfa/enable', { body: { totp_code: await app.code() } })
  t.is(enabled.status, 200, JSON.stringify(enabled.body))
  house.clock.forward(30_000)
  return { person, session, app, recoveryCodes: enabled.body.recovery_codes }
}

/** The token between password and code. */
export async function sessionToken(house: AccessHouse, person: Pick<Person, 'email'>): Promise<string> {
  const { body } = await house.login(person.email, PASSWORD)
  return body.session_token
}

/** Hands in the second factor. */
export const verify = (
  house: AccessHouse,
  session_token: string,
  code: { totp_code?: string; recovery_code?: string },
  headers: Record<string, string> = {},
): Promise<Answer> => house.send('POST', '/api/v1/auth/mfa/verify', { body: { session_token, ...code }, headers })

/** Another code than the one given, and than those beside it. */
export async function wrongCode(app: AuthenticatorApp): Promise<string> {
  const right = new Set([await app.code(-1), await app.code(), await app.code(1)])
  for (let guess = 0; ; guess++) {
    const code = String(guess).padStart(6, '0')
    if (!right.has(code)) return code
  }
}

/** Subjects of the mails that wait for somebody, oldest first. */
export async function mailsTo(house: AccessHouse, { email }: Pick<Person, 'email'>): Promise<string[]> {
  const rows: { subject: string }[] = await house.database
    .table('mail_messages')
    .where('recipient', email)
    .orderBy('id')
    .select('subject')
  return rows.map(row => row.subject)
}

/** Actions in the audit log of a tenant, about second factors. */
export async function auditOf(house: AccessHouse, { tenantId }: Pick<Person, 'tenantId'>): Promise<string[]> {
  const rows: { action: string }[] = await house.database
    .table('audit_logs')
    .where('tenant_id', tenantId)
    .where('action', 'like', 'mfa.%')
    .orderBy('id')
    .select('action')
  return rows.map(row => row.action)
}

/** Has a tenant ask everybody for a second factor. */
export async function requireMfa(house: AccessHouse, { tenantId }: Pick<Person, 'tenantId'>): Promise<void> {
  await house.database.table('tenants').where('id', tenantId).update({ mfa_required: true })
}
