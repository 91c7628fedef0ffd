import { etagReply } from '../contract.ts'
import type { AuditKit } from './audit-plugin.ts'
import { type FoundRetention, RetentionBody, RetentionChanges } from './retention-settings.ts'

const answer = ({ body, revision }: FoundRetention) => etagReply(body, revision)

/** How long a tenant keeps its audit log and what its devices send. */
export function retentionRoutes(kit: AuditKit): void {
  kit.route('GET /settings/retention', {
    summary: 'How long the audit log and the events of devices are kept',
    permission: 'settings:read',
    returns: RetentionBody,
    handle: async (_input, { retentionSettings }) => answer(await retentionSettings.find()),
  })
  kit.route('PATCH /settings/retention', {
    summary: 'Set how long the audit log and the events of devices are kept',
    description: 'What is older goes for good at 02:00 UTC. null is the default of this deployment.',
    permission: 'settings:manage',
    body: RetentionChanges,
    returns: RetentionBody,
    handle: async ({ body, ifMatch }, { retentionSettings }) => answer(await retentionSettings.change(body, ifMatch)),
  })
}
