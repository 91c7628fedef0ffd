import { hash } from 'node:crypto'
import type { CallCore } from '../call.ts'
import type { Notice } from '../contract.ts'
import { newId } from '../data/id.ts'
import { type QueuedNotice, queuedNotice } from './notice.ts'

/** The plugin whose job hands notices out, and that job. */
export const NOTIFICATIONS = 'notifications'
export const DELIVER_JOB = 'deliver'

/**
 * Queues a notice in the transaction of the call: one row, however many users it is for, and none while one of the same
 * key for the same users is queued. The job of `notifications` finds them and tells each.
 * @param plugin the plugin that tells
 * @param notice one that was checked
 */
export async function queueNotice(core: CallCore, tenantId: string, plugin: string, notice: Notice): Promise<void> {
  if ('users' in notice.to && notice.to.users.length === 0) return
  const { scheduler, telemetry, workAhead } = core.runtime
  const kind = `${plugin}.${notice.kind}`
  const data: QueuedNotice = queuedNotice.parse({ ...notice, kind, notice_id: newId() })
  const id = await core.slot.run(tenantId, () =>
    scheduler.enqueue(core.platform.knex, {
      plugin: NOTIFICATIONS,
      name: DELIVER_JOB,
      data,
      createdBy: core.origin.actor.id,
      tenantId,
      unique: notice.unique === undefined ? undefined : digest([kind, notice.unique, data.to]),
    }),
  )
  telemetry?.made(id)
  core.slot.afterCommit(() => workAhead.tell('jobs'))
}

/** The key under which a user has at most one unread notification: of one length, and the same text in any collation. */
export const dedupeKey = ({ kind, unique }: QueuedNotice): string | null =>
  unique === undefined ? null : digest([kind, unique])

const digest = (parts: unknown): string => hash('sha256', JSON.stringify(parts), 'hex')
