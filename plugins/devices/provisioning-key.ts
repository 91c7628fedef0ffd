import { z } from 'zod'
import { lineOfText } from '../../kernel/contract.ts'

const shape = {
  id: z.string(),
  label: z.string(),
  site_id: z.string().nullable(),
  state: z.enum(['active', 'expired', 'used_up', 'revoked']),
  uses: z.number().int(),
  max_uses: z.number().int().nullable(),
  expires_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
  created_by: z.string().nullable(),
  created_at: z.string(),
}

/** A provisioning key as the API shows it: never the key itself. */
export const ProvisioningKey = z
  .strictObject(shape)
  .meta({ id: 'ProvisioningKey', description: 'A key with which devices register.' })

/** The answer to making one: `provisioning_key` and `key` are the same, shown here and never again. */
export const NewKeyShown = z.strictObject({ ...shape, provisioning_key: z.string(), key: z.string() })

/** A key to make. */
export const NewProvisioningKey = z.strictObject({
  label: lineOfText(200),
  site_id: z.guid().toLowerCase().nullable().default(null),
  max_uses: z.number().int().min(1).max(100_000).nullable().default(null),
  expires_at: z.iso
    .datetime({ offset: true })
    .transform(text => new Date(text).toISOString())
    .nullable()
    .default(null),
})

export type ProvisioningKey = z.output<typeof ProvisioningKey>
export type NewProvisioningKey = z.output<typeof NewProvisioningKey>

/** What a key's state follows from. */
export type KeyFacts = Pick<ProvisioningKey, 'uses' | 'max_uses' | 'expires_at' | 'revoked_at'>

/** Whether a key still registers devices at a moment, and why not. */
export function keyStateAt({ uses, max_uses, expires_at, revoked_at }: KeyFacts, now: Date): ProvisioningKey['state'] {
  if (revoked_at !== null) return 'revoked'
  if (expires_at !== null && expires_at <= now.toISOString()) return 'expired'
  return max_uses !== null && uses >= max_uses ? 'used_up' : 'active'
}
