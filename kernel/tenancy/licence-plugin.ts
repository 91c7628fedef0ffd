import { z } from 'zod'
import { type AnyPlugin, definePlugin, type PlatformCall, problem } from '../contract.ts'
import { parseJson } from '../http/body.ts'
import { parse } from '../http/input.ts'
import type { Features } from './features.ts'
import type { LicencePull } from './licence-pull.ts'
import { askDueTenants } from './licence-round.ts'
import { BEGIN_JOB, licence, storeLicence } from './licences.ts'
import { webhookIsSigned } from './webhook-signature.ts'

const outcome = z.object({
  tenant_id: z.string(),
  status: z.enum(['pending', 'active', 'grace', 'expired', 'suspended']),
  features: z.array(z.string()),
  revision: z.int(),
})

/** Lets plugins begin for a tenant that has got their features. */
export type BeginFeatures = (call: PlatformCall, tenantId: string, features: readonly string[]) => Promise<void>

/** With pauses that grow from seconds to a quarter of an hour, a day: time to mend a plugin that does not start. */
const BEGIN_RETRIES = 100

interface LicenceParts {
  readonly features: Features
  /** CLOUD_WEBHOOK_HMAC_SECRET, two during a rotation; without one nobody can send a licence. */
  readonly secrets: readonly string[]
  readonly begin: BeginFeatures
  /** Undefined: Management is never asked. */
  readonly pull: LicencePull | undefined
}

/** How licences come: Management sends them (contract 7.1), and is asked for them in case it could not (7.2). */
export const licencePlugin = ({ features, secrets, begin, pull }: LicenceParts): AnyPlugin =>
  definePlugin({
    name: 'licences',
    version: '1.0.0',
    title: 'Licences',
    segments: ['internal/license'],
    setup(kit) {
      kit.job(BEGIN_JOB, {
        scope: 'platform',
        data: z.strictObject({ tenant_id: z.string(), features: z.array(z.string()) }),
        retries: BEGIN_RETRIES,
        run: (data, { call }) => begin(call, data.tenant_id, data.features),
      })
      if (pull) {
        kit.healthy(async () => {
          if (pull.fault !== undefined) throw new Error(pull.fault)
        })
        kit.job('pull', {
          scope: 'platform',
          data: z.strictObject({}),
          every: '10 minutes',
          retries: 0,
          run: (_data, { call, progress }) =>
            askDueTenants({ pull, db: call.db, signal: call.signal, now: () => call.now(), progress }),
        })
      }
      kit.platformRoute('POST /internal/license/refresh', {
        summary: 'Take over a licence from Management',
        description:
          'Signed with `X-Hmac-Signature: sha256=<hex>`, HMAC-SHA256 over the raw body; with `X-Hmac-Timestamp` over ' +
          '`<timestamp>.<body>`, within five minutes. Sent again, or with an older `issued_at`, it changes nothing; ' +
          'one more than five minutes ahead is refused.',
        access: 'signature',
        body: licence,
        returns: outcome,
        handle: (_input, { call }, request) => {
          const headers = {
            signature: request.header('X-Hmac-Signature'),
            timestamp: request.header('X-Hmac-Timestamp'),
          }
          if (!webhookIsSigned(secrets, request.rawBody, headers, call.now())) {
            throw problem(
              'invalid_signature',
              'X-Hmac-Signature does not fit the body, or X-Hmac-Timestamp is too far off.',
            )
          }
          return storeLicence(call, features, parse(licence, parseJson(request.rawBody), 'body'))
        },
      })
    },
  }) as unknown as AnyPlugin
