import { z } from 'zod'
import type { Call } from '../../contract.ts'
import { lineOfText } from '../../data/fields.ts'
import { prepare } from '../../data/prepared.ts'
import type { TenantDb } from '../../data/tenant-db.ts'
import { problem } from '../../errors.ts'

/** A language tag (BCP 47), in its canonical form: `de-ch` is `de-CH`. */
export const locale = z
  .string()
  .trim()
  .max(35)
  .transform((value, context) => {
    const tag = canonicalTag(value)
    if (tag !== undefined) return tag
    context.addIssue('must be a language tag such as "en" or "de-CH"')
    return z.NEVER
  })

/** A time zone of the IANA database, in its own spelling: `europe/zurich` is `Europe/Zurich`. */
export const timeZone = z
  .string()
  .trim()
  .max(64)
  .transform((value, context) => {
    const zone = canonicalZone(value)
    if (zone !== undefined) return zone
    context.addIssue('must be a time zone such as "Europe/Zurich" or "UTC"')
    return z.NEVER
  })

/** What users change about themselves. */
export const profileChanges = z
  .strictObject({ name: lineOfText(200).optional(), locale: locale.nullish(), time_zone: timeZone.nullish() })
  .refine(changes => Object.keys(changes).length > 0, 'name something to change')

/** What only the user themselves sees of their account. */
export const ownFields = z.object({
  email_verified: z.boolean(),
  locale: z.string().nullable().describe('BCP 47; null: as the browser says'),
  time_zone: z.string().nullable().describe('IANA; null: as the browser says'),
})

interface OwnRow {
  email_verified_at: string | null
  locale: string | null
  time_zone: string | null
}

const ownById = prepare<{ id: string }, OwnRow>((from, v) =>
  from.table('users').select('email_verified_at', 'locale', 'time_zone').where('id', v.id),
)

/** @throws Problem `not_found` */
export async function findOwnFields(db: TenantDb, id: string): Promise<z.output<typeof ownFields>> {
  const row = await db.first(ownById, { id })
  if (!row) throw problem('not_found', 'No user has this id.')
  const { email_verified_at, locale, time_zone } = row
  return { email_verified: email_verified_at !== null, locale, time_zone }
}

/**
 * Changes what users may change about themselves, in the call's transaction.
 * @throws Problem `stale`
 */
export async function changeProfile(
  call: Call,
  id: string,
  changes: z.output<typeof profileChanges>,
  ifMatch: number | undefined,
): Promise<void> {
  const { db } = call
  const read = (): Promise<{ name: string; locale: string | null; time_zone: string | null; revision: number }> =>
    db.table('users').where({ id }).first('name', 'locale', 'time_zone', 'revision')
  const { revision, ...before } = await read()
  if (ifMatch !== undefined && ifMatch !== revision) throw problem('stale')
  const values = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined))
  await db
    .table('users')
    .where({ id })
    .update({ ...values, updated_at: call.now() })
    .increment('revision', 1)
  const { revision: _revision, ...after } = await read()
  call.audit({ action: 'user.profile_changed', resourceType: 'user', resourceId: id, before, after })
}

function canonicalTag(value: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(value)[0]
  } catch {
    return undefined
  }
}

/** Offsets such as `+01:00` are no zones: they know no summer. */
function canonicalZone(value: string): string | undefined {
  if (!/^[a-z][\w+/-]*$/i.test(value)) return undefined
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone
  } catch {
    return undefined
  }
}
