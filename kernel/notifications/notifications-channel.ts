import { z } from 'zod'
import { Notification } from './notification.ts'
import type { NotificationKit } from './notifications-plugin.ts'

/** A notification as it comes to the sockets of its owner. */
export const NewNotification = Notification.omit({ read_at: true })
  .extend({ unread: z.int().describe('How many are unread now, this one included; at most 1,000.') })
  .meta({ id: 'NewNotification', description: 'A notification that has just come.' })

/** A notification as it comes to the sockets of its owner. */
export type NewNotification = z.output<typeof NewNotification>

/** Opens the channel on which users hear of their notifications. */
export function notificationsChannel(kit: NotificationKit): void {
  kit.channel('notifications', {
    summary: 'Notifications, as they come',
    description: 'Only one’s own. What came while nobody was connected is read with `GET /api/v1/notifications`.',
    permission: 'signed-in',
    apiKeys: false,
    send: { notification: NewNotification },
  })
}
