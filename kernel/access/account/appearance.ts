import { z } from 'zod'
import type { Call } from '../../contract.ts'
import { prepare } from '../../data/prepared.ts'
import type { TenantDb } from '../../data/tenant-db.ts'

/** How the web application looks to a user (V15). What is left out has its default. */
export const appearance = z
  .strictObject({
    theme: z.enum(['light', 'dark', 'system']).default('system'),
    density: z.enum(['comfortable', 'compact']).default('comfortable'),
    font_size: z.enum(['small', 'medium', 'large']).default('medium'),
    sidebar: z.enum(['expanded', 'collapsed']).default('expanded'),
    contrast: z.enum(['normal', 'high']).default('normal'),
    reduce_motion: z.boolean().default(false),
    date_format: z
      .enum(['locale', 'iso'])
      .default('locale')
      .describe("`locale`: as the user's language writes dates; `iso`: 2026-11-21"),
    clock: z.enum(['locale', '12h', '24h']).default('locale'),
    week_starts_on: z.enum(['locale', 'monday', 'saturday', 'sunday']).default('locale'),
    start_page: z
      .string()
      .max(200)
      .regex(/^\/(?![/\\])[\w\-./]*$/, 'must be a path of the application, such as "/assets"')
      .default('/'),
  })
  .meta({ id: 'Appearance' })

/** How the web application looks to a user. */
export type Appearance = z.output<typeof appearance>

const stored = prepare<{ id: string }, { appearance: string | null }>((from, v) =>
  from.table('user_settings').select('appearance').where('user_id', v.id),
)

/** What the user chose; a choice that there is no more falls back to its default. */
export async function readAppearance(db: TenantDb, id: string): Promise<Appearance> {
  const row = await db.first(stored, { id })
  const chosen: unknown = row?.appearance ? JSON.parse(row.appearance) : {}
  const whole = appearance.safeParse(chosen)
  if (whole.success) return whole.data
  const valid = Object.entries(chosen as object).filter(([name, value]) => {
    const field = appearance.shape[name as keyof Appearance] as z.ZodType | undefined
    return field?.safeParse(value).success
  })
  return appearance.parse(Object.fromEntries(valid))
}

/** Replaces what the user chose, in the call's transaction. */
export async function writeAppearance(call: Call, id: string, chosen: Appearance): Promise<Appearance> {
  const before = await readAppearance(call.db, id)
  const row = { user_id: id, appearance: JSON.stringify(chosen), updated_at: call.now() }
  await call.db.upsert('user_settings', [row], ['tenant_id', 'user_id'], ['appearance', 'updated_at'])
  call.audit({ action: 'user.appearance_changed', resourceType: 'user', resourceId: id, before, after: chosen })
  return chosen
}
