import { newId } from '../../../kernel/data/id.ts'
import { Client } from '../../../kernel/testing/client.ts'
import type { TenantName, TestKernel } from '../../../kernel/testing/test-kernel.ts'

/** The domain of the operators in tests. */
export const DOMAIN = 'monozu.example'

/** The settings of a kernel with a panel for operators. */
export const panel = { ADMIN_PANEL_ENABLED: 'true', PLATFORM_ADMIN_EMAIL_DOMAIN: DOMAIN }

const PASSWORD = 'quiet otter at the kiln'

/** What somebody is who may or may not be an operator. */
export interface Person {
  readonly tenant?: TenantName
  readonly email?: string
  readonly verified?: boolean
  /** How they logged in. */
  readonly methods?: string
  /** What they may do in their tenant; default: nothing. */
  readonly permissions?: readonly string[]
}

/** Somebody who is logged in. */
export interface LoggedIn {
  readonly id: string
  readonly token: string
  readonly client: Client
}

/** Logs somebody in, by default an operator of tenant b, whose second factor is a row. */
export async function logIn(t: TestKernel, person: Person = {}): Promise<LoggedIn> {
  const { tenant = 'b', verified = true, methods = 'pwd otp mfa', permissions = [] } = person
  const [id, group_id] = [newId(), newId()]
  const email = person.email ?? `${id}@${DOMAIN}`
  const tenant_id = t.tenantId(tenant)
  const { knex } = t.kernel.runtime.database
  const now = t.clock.now()
  const times = { created_at: now, updated_at: now }
  const password_hash = await t.kernel.access.passwords.hash(PASSWORD)
  const email_verified_at = verified ? now : null
  const user = { id, tenant_id, email, email_key: email.toLowerCase(), name: 'Olga', password_hash, email_verified_at }
  await knex('users').insert({ ...user, ...times })
  const granted = JSON.stringify(permissions)
  await knex('groups').insert({ id: group_id, tenant_id, name: `Group ${group_id}`, permissions: granted, ...times })
  await knex('user_groups').insert({ tenant_id, user_id: id, group_id })
  const first = await t.anonymous.post('/auth/login', { email, password: PASSWORD })
  await knex('refresh_tokens').where('user_id', id).update({ methods })
  const cookie = String(first.headers['set-cookie']).split(';')[0] ?? ''
  const { body, text } = await t.anonymous.post('/auth/refresh', undefined, { cookie })
  if (!body?.access_token) throw new Error(`nobody is logged in: ${text}`)
  const token: string = body.access_token
  return { id, token, client: new Client(t.kernel.app, { authorization: `Bearer ${token}` }) }
}

/** Lines of the audit log of the platform, oldest first. */
export async function platformLines(t: TestKernel): Promise<Record<string, unknown>[]> {
  return t.kernel.runtime.database.knex('audit_logs').whereNull('tenant_id').orderBy('id')
}
