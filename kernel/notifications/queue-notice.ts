import type { CallCore } from '../call.ts'
import type { Notice } from '../contract.ts'

/** The plugin whose job hands notices out, and that job. */
export const NOTIFICATIONS = 'notifications'
export const DELIVER_JOB = 'deliver'

/**
 * Queues a notice in the transaction of the call: one row, however many users it is for. The job of `notifications` finds
 * them and tells each.
 * @param plugin the plugin that tells
 */
export async function queueNotice(core: CallCore, tenantId: string, plugin: string, notice: Notice): Promise<void> {
  const { scheduler, workAhead } = core.runtime
  await core.slot.run(tenantId, () =>
    scheduler.enqueue(core.platform.knex, {
      plugin: NOTIFICATIONS,
      name: DELIVER_JOB,
      data: { ...notice, kind: `${plugin}.${notice.kind}` },
      createdBy: core.origin.actor.id,
      tenantId,
      unique: undefined,
    }),
  )
  core.slot.afterCommit(() => workAhead.tell('jobs'))
}
