import { z } from 'zod'
import { lineOfText } from '../data/fields.ts'
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
  tenant_name: lineOfText(200),
  name: lineOfText(200),
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
 * Hashing the password takes time: do not call it inside one. Tells whether the e-mail is taken: not for strangers.
 * @throws Problem `conflict` when e-mail or account name are taken, `invalid` for a bad password
 */
export async function registerTenant(
  db: PlatformDb,
  given: Registration,
  { passwords, features }: RegistrationParts,
  now: Date,
): Promise<Registered> {
  requireGoodPassword(given.password, given.email, 'body.password')
  if (await db.first(emailTaken, { key: emailKey(given.email) })) {
    throw problem('conflict', 'There is an account with this e-mail already.')
  }
  await requireFreeName(db, given.account_name)
  const password_hash = await passwords.hash(given.password)
  const made = newIds()
  try {
    await db.transaction(() => insertTenant(db, { ...given, ...made, password_hash }, features, now))
  } catch (error) {
    if (!db.dialect.isUniqueViolation(error)) throw error
    throw problem('conflict', 'The e-mail or the account name is taken.')
  }
  return made
}

interface QuietParts extends RegistrationParts {
  /** What else belongs to a new account, in its transaction. */
  made(made: Registered): Promise<void>
  /** What the owner of a taken address is told, in a transaction of its own. */
  taken(): Promise<void>
}

/**
 * The same for strangers: whether the e-mail is taken shows neither in the answer nor in the time. With a taken one the
 * same is hashed and written, and then taken back; account names are public.
 * @throws Problem `conflict` when the account name is taken, `invalid` for a bad password
 */
export async function registerQuietly(
  db: PlatformDb,
  given: Registration,
  { passwords, features, made, taken }: QuietParts,
  now: Date,
): Promise<Registered> {
  requireGoodPassword(given.password, given.email, 'body.password')
  await requireFreeName(db, given.account_name)
  const isTaken = (await db.first(emailTaken, { key: emailKey(given.email) })) !== undefined
  const password_hash = await passwords.hash(given.password)
  const ids = newIds()
  const email = isTaken ? `${ids.user_id}@taken.invalid` : given.email
  try {
    await db.transaction(async () => {
      await insertTenant(db, { ...given, ...ids, email, password_hash }, features, now)
      await made(ids)
      if (isTaken) throw new TakenBack()
    })
  } catch (error) {
    if (!(error instanceof TakenBack) && !db.dialect.isUniqueViolation(error)) throw error
    // Somebody registered the address, or the name, in the same moment.
    await requireFreeName(db, given.account_name)
    await db.transaction(taken)
  }
  return ids
}

/** Ends the transaction of a registration that only seemed to be one. */
class TakenBack extends Error {}

const newIds = (): Registered => ({ tenant_id: newId(), user_id: newId() })

async function requireFreeName(db: PlatformDb, name: string): Promise<void> {
  if (await db.first(accountTaken, { name })) throw problem('conflict', `The account name "${name}" is taken.`)
}

async function insertTenant(
  db: PlatformDb,
  given: Registration & Registered & { readonly password_hash: string },
  features: Features,
  now: Date,
): Promise<void> {
  const { tenant_id, user_id, account_name, tenant_name, email, name, password_hash } = given
  const times = { created_at: now, updated_at: now }
  await db.table('tenants').insert({ id: tenant_id, name: tenant_name, account_name, status: 'pending', ...times })
  const own = db.forTenant(tenant_id)
  await own.table('users').insert({ id: user_id, email, email_key: emailKey(email), name, password_hash, ...times })
  const group_id = await createBuiltInGroups(own, now)
  await own.table('user_groups').insert({ user_id, group_id })
  await features.changed(db, tenant_id)
}
