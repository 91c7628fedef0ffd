import { z } from 'zod'
import { type AnyPlugin, definePlugin, type Kit } from '../contract.ts'
import { type DeliveryParts, deliver } from './deliver.ts'
import type { KindsOf } from './kinds.ts'
import { queuedNotice } from './notice.ts'
import { notificationRoutes } from './notification-routes.ts'
import { notificationsChannel } from './notifications-channel.ts'
import { DELIVER_JOB, NOTIFICATIONS } from './queue-notice.ts'
import { deleteOld } from './retention.ts'

/** What notifications work with. */
export interface NotificationsParts extends DeliveryParts {
  readonly kinds: KindsOf
}

type None = Record<never, never>

/** The kit of the notifications plugin. */
export type NotificationKit = Kit<never, unknown, None, None, None>

/** What users should know of: their list, their sockets, their mail. Plugins tell with `call.notify`. */
export const notificationsPlugin = (parts: NotificationsParts): AnyPlugin =>
  definePlugin({
    name: NOTIFICATIONS,
    version: '1.0.0',
    title: 'Notifications',
    segments: ['notifications'],
    setup(kit) {
      notificationRoutes(kit, parts)
      notificationsChannel(kit)
      kit.job(DELIVER_JOB, {
        scope: 'tenant',
        data: queuedNotice,
        async run(notice, { call }) {
          const kind = parts.kinds(call.tenant.id).get(notice.kind)
          return kind ? deliver(call, notice, kind, parts) : { skipped: 'the plugin is off for this tenant' }
        },
      })
      kit.job('retention', {
        scope: 'platform',
        every: '30 2 * * *',
        data: z.object({}),
        timeoutMs: 3_600_000,
        run: (_data, { call }) => deleteOld(call),
      })
    },
  }) as unknown as AnyPlugin
