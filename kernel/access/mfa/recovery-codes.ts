import { hash, randomBytes } from 'node:crypto'
import { newId } from '../../data/id.ts'
import type { TenantDb } from '../../data/tenant-db.ts'

/** How many a user has at first. */
const HOW_MANY = 10
/** Crockford's base 32: no i, l, o or u, which are misread. */
const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz'
const GROUPS = 4
const GROUP_LENGTH = 4

/** Makes new codes for a user, in the transaction under way; the ones before stop working. Each has 80 random bits. */
export async function replaceRecoveryCodes(db: TenantDb, userId: string, now: Date): Promise<string[]> {
  const codes = Array.from({ length: HOW_MANY }, newCode)
  await db.table('recovery_codes').where('user_id', userId).delete()
  await db
    .table('recovery_codes')
    .insert(codes.map(code => ({ id: newId(), user_id: userId, code_hash: digest(userId, code), created_at: now })))
  return codes
}

/** Uses a code up; false when it is none of the user's, or was used before. */
export async function useRecoveryCode(db: TenantDb, userId: string, code: string, now: Date): Promise<boolean> {
  const used: number = await db
    .table('recovery_codes')
    .where({ user_id: userId, code_hash: digest(userId, code) })
    .whereNull('used_at')
    .update({ used_at: now })
  return used === 1
}

/** How many codes a user has left. */
export async function recoveryCodesLeft(db: TenantDb, userId: string): Promise<number> {
  const [count] = await db.table('recovery_codes').where('user_id', userId).whereNull('used_at').count({ left: '*' })
  return Number(count?.left ?? 0)
}

/** Four groups of four: `k7m2-9xqf-04hc-zt5w`. */
function newCode(): string {
  const letters = Array.from(randomBytes(GROUPS * GROUP_LENGTH), byte => LETTERS[byte % LETTERS.length])
  const groups = Array.from({ length: GROUPS }, (_, at) => letters.slice(at * GROUP_LENGTH, (at + 1) * GROUP_LENGTH))
  return groups.map(group => group.join('')).join('-')
}

/** Bound to the user, so that a row of one is of no use to another. */
const digest = (userId: string, code: string): string => hash('sha256', `${userId}:${asMeant(code)}`, 'hex')

/** A code as it was read from paper: groups, case and Crockford's look-alikes do not matter. */
const asMeant = (code: string): string =>
  code
    .toLowerCase()
    .replace(/[^0-9a-z]/g, '')
    .replace(/[il]/g, '1')
    .replace(/o/g, '0')
