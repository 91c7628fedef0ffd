import { z } from 'zod'
import type { Dialect } from '../../db/database.ts'
import { newId } from '../data/id.ts'
import type { PlatformDb } from '../data/platform-db.ts'
import { prepare } from '../data/prepared.ts'
import { problem } from '../errors.ts'
import type { Features } from '../tenancy/features.ts'
import { createBuiltInGroups } from './built-in-groups.ts'
import { emailAddress, emailKey } from './email.ts'
import { type Passwords, requireGoodPassword } from './passwords.ts'

/** What somebody sends to get an account (contract 15.2). */
export const registration = z.strictObject({
  account_name: z
    .string()
    .trim()
    .toLowerCase()
    .min(3)
    .max(63)
    .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'must be letters, digits and single hyphens, such as "acme-industries"'),
  tenant_name: z.string().trim().min(1).max(200),
  name: z.string().trim().min(1).max(200),
  email: emailAddress,
  password: z.string().max(1000),
})

/** A checked registration. */
export type Registration = z.output<typeof registration>

/** What came of it. */
export interface Registered {
  tenant_id: string
  user_id: string
}

interface RegistrationParts {
  readonly passwords: Passwords
  readonly features: Features
}

const emailTaken = prepare<{ key: string }, object>((from, v) =>
  from.shared('users').select('id').where('email_key', v.key),
)
const accountTaken = prepare<{ name: string }, object>((from, v) =>
  from.shared('tenants').select('id').where('account_name', v.name),
)

/**
 * Makes a pending tenant with its built-in groups and its first user, an Admin, in one transaction.
 * Hashing the password takes time: do not call it inside one.
 * @throws Problem `conflict` when e-mail or account name are taken, `invalid` for a bad password
 */
export async function registerTenant(
  db: PlatformDb,
  given: Registration,
  { passwords, features }: RegistrationParts,
  now: Date,
): Promise<Registered> {
  requireGoodPassword(given.password, given.email, 'body.password')
  await requireFree(db, given)
  const password_hash = await passwords.hash(given.password)
  try {
    return await db.transaction(() => insert(db, given, password_hash, features, now))
  } catch (error) {
    throw conflictOf(db.dialect, error)
  }
}

async function requireFree(db: PlatformDb, { email, account_name }: Registration): Promise<void> {
  if (await db.first(emailTaken, { key: emailKey(email) })) {
    throw problem('conflict', 'There is an account with this e-mail already.')
  }
  if (await db.first(accountTaken, { name: account_name })) {
    throw problem('conflict', `The account name "${account_name}" is taken.`)
  }
}

async function insert(
  db: PlatformDb,
  given: Registration,
  password_hash: string,
  features: Features,
  now: Date,
): Promise<Registered> {
  const tenant_id = newId()
  const user_id = newId()
  const times = { created_at: now, updated_at: now }
  const { account_name, tenant_name, email, name } = given
  await db.table('tenants').insert({ id: tenant_id, name: tenant_name, account_name, status: 'pending', ...times })
  const own = db.forTenant(tenant_id)
  await own.table('users').insert({ id: user_id, email, email_key: emailKey(email), name, password_hash, ...times })
  const group_id = await createBuiltInGroups(own, now)
  await own.table('user_groups').insert({ user_id, group_id })
  await features.changed(db, tenant_id)
  return { tenant_id, user_id }
}

/** Two registrations at the same moment: the second one fails at the unique index. */
const conflictOf = (dialect: Dialect, error: unknown): unknown =>
  dialect.isUniqueViolation(error) ? problem('conflict', 'The e-mail or the account name is taken.') : error
