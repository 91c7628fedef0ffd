import { z } from 'zod'
import { resealAll, type SealedColumn } from '../secrets/reseal.ts'
import type { AccessKit, AccessParts } from './access-plugin.ts'
import { TOTP_SECRET } from './mfa/second-factor.ts'
import { CLIENT_SECRET } from './oidc/provider-directory.ts'

/** Every column of access that holds sealed values for long. */
const columns: readonly SealedColumn[] = [
  { table: 'users', key: 'id', column: 'totp_secret', purpose: TOTP_SECRET },
  { table: 'tenant_oidc_config', key: 'tenant_id', column: 'client_secret', purpose: CLIENT_SECRET },
]

/** While SECRET_KEY is changed, seals anew what is sealed under the one before: once done, that one can go. */
export function resealJob(kit: AccessKit, { settings, sealer }: AccessParts): void {
  kit.job('reseal-secrets', {
    scope: 'platform',
    every: '10 minutes',
    data: z.object({}),
    async run(_data, { call }) {
      if (settings.SECRET_KEY_PREVIOUS === undefined) return { resealed: 0, unreadable: 0 }
      const done = await resealAll(call.db, sealer, columns, call.signal)
      if (done.resealed > 0) call.log.info({ ...done }, 'secrets in the database were sealed under the new SECRET_KEY')
      if (done.unreadable > 0) {
        call.log.warn(
          { ...done },
          'secrets in the database were sealed under a key that is neither SECRET_KEY nor the previous one',
        )
      }
      return done
    },
  })
}
