import { z } from 'zod'
import type { TenantDb } from '../data/tenant-db.ts'
import { problem } from '../errors.ts'
import type { NoticeKind } from './kinds.ts'

/** What is stored in `user_settings.notifications`: kinds for which the user has said what they want. */
const stored = z.record(z.string(), z.object({ mail: z.boolean() }))
/** Kinds for which users have said what they want. */
export type Wishes = z.output<typeof stored>

/** What a kind of notice does for the user, as the API shows it. */
export const NotificationPreference = z
  .strictObject({
    kind: z.string(),
    plugin_title: z.string(),
    title: z.string(),
    mail: z.boolean().describe('Whether it comes by mail, too.'),
    mail_default: z.boolean().describe('What `mail` is for those who have not said anything.'),
  })
  .meta({ id: 'NotificationPreference', description: 'Whether notices of a kind come by mail, too.' })

/** What a user wants from now on; kinds that are left out go back to their default. */
export const NotificationPreferences = z.strictObject({
  items: z.array(z.strictObject({ kind: z.string().min(1).max(100), mail: z.boolean() })).max(500),
})

/** Reads what is stored; what cannot be read says nothing. */
export function readWishes(json: string | null | undefined): Wishes {
  if (!json) return {}
  try {
    const { data } = stored.safeParse(JSON.parse(json))
    return data ?? {}
  } catch {
    return {}
  }
}

/** Whether somebody wants mail of a kind. */
export const wantsMail = (wishes: Wishes, { kind, mail }: NoticeKind): boolean =>
  (Object.hasOwn(wishes, kind) ? wishes[kind]?.mail : undefined) ?? mail

/** What a user has said. */
export async function wishesOf(db: TenantDb, userId: string): Promise<Wishes> {
  const row = await db.table('user_settings').where('user_id', userId).first('notifications')
  return readWishes(row?.notifications)
}

/** The kinds, with what they do for somebody. */
export const preferencesOf = (kinds: Iterable<NoticeKind>, wishes: Wishes): z.input<typeof NotificationPreference>[] =>
  [...kinds].map(kind => ({
    kind: kind.kind,
    plugin_title: kind.plugin_title,
    title: kind.title,
    mail: wantsMail(wishes, kind),
    mail_default: kind.mail,
  }))

/**
 * Stores what a user wants. What they said of kinds whose plugin is off for the tenant stays, for when it is back.
 * @throws Problem `invalid` for a kind that does not exist, or is named twice
 */
export async function storeWishes(
  db: TenantDb,
  user: { readonly id: string; readonly now: Date },
  kinds: ReadonlyMap<string, NoticeKind>,
  { items }: z.output<typeof NotificationPreferences>,
): Promise<Wishes> {
  const named = new Set<string>()
  const errors = items.flatMap(({ kind }, index) => {
    const message = kinds.has(kind) ? (named.has(kind) ? 'is named twice' : undefined) : 'there is no such kind'
    named.add(kind)
    return message === undefined ? [] : [{ path: `body.items.${index}.kind`, message }]
  })
  if (errors.length > 0) throw problem('invalid', 'See GET /notifications/preferences for the kinds.', { errors })
  const others = Object.entries(await wishesOf(db, user.id)).filter(([kind]) => !kinds.has(kind))
  const wishes = Object.fromEntries([...others, ...items.map(({ kind, mail }) => [kind, { mail }] as const)])
  const row = { user_id: user.id, notifications: JSON.stringify(wishes), updated_at: user.now }
  await db.upsert('user_settings', [row], ['tenant_id', 'user_id'], ['notifications', 'updated_at'])
  return wishes
}
