import type { TenantDb } from '../data/tenant-db.ts'
import { problem } from '../errors.ts'
import { emailKey } from './email.ts'
import type { Passwords } from './passwords.ts'
import { checked, type Throttle } from './throttle.ts'

interface ProofParts {
  readonly passwords: Passwords
  readonly throttle: Throttle
}

/**
 * Has somebody who is logged in show again that they are the one. Wrong ones count as failed log-ins do. Never call it in
 * a transaction.
 * @param address where the request came from; where that is not known, the user's id
 * @throws Problem `forbidden` for a wrong password, `too_many_requests`
 */
export async function provePassword(
  { passwords, throttle }: ProofParts,
  db: TenantDb,
  userId: string,
  password: string,
  address = userId,
): Promise<void> {
  const user: { email: string; password_hash: string | null } | undefined = await db
    .table('users')
    .where('id', userId)
    .first('email', 'password_hash')
  if (!user) throw problem('not_found', 'No user has this id.')
  const attempt = await throttle.begin(emailKey(user.email), address)
  const fits = await checked(attempt, () => passwords.matches(password, user.password_hash))
  if (!fits) throw problem('forbidden', 'The current password is wrong.')
  await attempt.succeeded()
}
