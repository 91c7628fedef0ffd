import { z } from 'zod'
import { problem } from '../errors.ts'
import type { AuditKit } from './audit-plugin.ts'
import { PLATFORM_CHAIN } from './chain.ts'
import { ChainReader, replaceHead } from './chain-store.ts'
import type { HeadSigner } from './head-signature.ts'
import { Verification } from './verification.ts'
import { verifyChain } from './verify.ts'

const chain = z.union([z.literal(PLATFORM_CHAIN), z.guid().toLowerCase()]).describe('A tenant, or `platform`')

/** What operators do with any chain: they have the internal token, which whoever has the database alone has not. */
export function operatorRoutes(kit: AuditKit, signer: HeadSigner): void {
  kit.platformRoute('GET /internal/audit/verify', {
    summary: 'Computes a chain of the audit log again',
    access: 'internal-token',
    query: z.strictObject({ chain }),
    returns: Verification,
    handle: ({ query }, { call }) => verifyChain(ChainReader.of(call.db, query.chain), signer, { signal: call.signal }),
  })
  kit.platformRoute('POST /internal/audit/sign', {
    summary: 'Signs the end of a chain under the present SECRET_KEY',
    description:
      'For a chain whose key is lost: nothing is sealed into it until then. Look at what `GET /internal/audit/verify` says ' +
      'and at the `last_hash` that you kept first. Refused while its lines do not lead to its end.',
    access: 'internal-token',
    atomic: false,
    body: z.strictObject({ chain }),
    returns: Verification,
    async handle({ body }, { call }) {
      const reader = ChainReader.of(call.db, body.chain)
      const head = await reader.head()
      if (!head) throw problem('not_found', 'There is no such chain.')
      const trusting: HeadSigner = { ...signer, check: () => 'valid' }
      const found = await verifyChain(reader, trusting, { signal: call.signal })
      if (!found.valid) throw problem('conflict', `The chain was changed: ${JSON.stringify(found.problem)}.`)
      const was = signer.check(head)
      await call.db.transaction(async () => {
        if (!(await replaceHead(call.db, head, signer.sign(head)))) throw problem('stale')
        const entry = {
          action: 'audit.chain_signed',
          resourceType: 'audit',
          resourceId: body.chain,
          // Not as `last_hash`: fields of such a name are left out of the log.
          after: { state_before: was, last_sequence: head.last_sequence, leads_to: head.last_hash },
        }
        if (body.chain === PLATFORM_CHAIN) call.auditPlatform(entry)
        else call.audit(body.chain, entry)
      })
      return verifyChain(reader, signer, { signal: call.signal })
    },
  })
}
