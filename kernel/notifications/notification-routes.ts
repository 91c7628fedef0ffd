import { z } from 'zod'
import { signedInUser } from '../access/signed-in-user.ts'
import { problem } from '../errors.ts'
import { Notification, notificationColumns, notificationList } from './notification.ts'
import type { NotificationKit, NotificationsParts } from './notifications-plugin.ts'
import { NotificationPreference, NotificationPreferences, preferencesOf, storeWishes, wishesOf } from './preferences.ts'
import { countUnread } from './unread.ts'

/** Most that are marked by name at once. */
const MOST_IDS = 200

const Unread = z.object({ unread: z.int().describe('At most 1,000: beyond that they are not counted.') })
const Preferences = z.object({ items: z.array(NotificationPreference) })
const Reading = z
  .strictObject({
    ids: z.array(z.guid().toLowerCase()).min(1).max(MOST_IDS).optional(),
    all: z.literal(true).optional(),
  })
  .refine(({ ids, all }) => (ids === undefined) !== (all === undefined), 'name either "ids" or "all"')

/** What users do with their notifications. Nobody sees those of others; devices and keys have none. */
export function notificationRoutes(kit: NotificationKit, { kinds }: NotificationsParts): void {
  kit.route('GET /notifications', {
    summary: 'Your notifications, the newest first',
    permission: 'signed-in',
    query: notificationList.query.omit({ user_id: true }),
    returns: notificationList.returns(Notification),
    handle({ query }, { call }) {
      const own = { ...query, user_id: signedInUser(call).id }
      return notificationList.page(call.db, own)
    },
  })

  kit.route('GET /notifications/unread', {
    summary: 'How many notifications you have not read',
    permission: 'signed-in',
    returns: Unread,
    handle: async (_input, { call }) => ({ unread: await countUnread(call.db, signedInUser(call).id) }),
  })

  kit.route('POST /notifications/:id/read', {
    summary: 'Mark a notification as read',
    permission: 'signed-in',
    returns: Notification,
    audit: false,
    async handle({ params }, { call }) {
      const own = { id: params.id, user_id: signedInUser(call).id }
      await call.db.table('notifications').where(own).whereNull('read_at').update({ read_at: call.now() })
      const found = await call.db
        .table('notifications')
        .where(own)
        .first(...notificationColumns)
      if (!found) throw problem('not_found', 'You have no notification of this id.')
      return found
    },
  })

  kit.route('POST /notifications/read', {
    summary: 'Mark several notifications as read, or all',
    description: 'All that are named must be there; those that were read stay as they are.',
    permission: 'signed-in',
    body: Reading,
    returns: Unread.extend({ read: z.int().describe('How many were unread before.') }),
    audit: false,
    async handle({ body }, { call }) {
      const user_id = signedInUser(call).id
      const own = call.db.table('notifications').where('user_id', user_id)
      if (body.ids) {
        const ids = [...new Set(body.ids)]
        own.whereIn('id', ids)
        if ((await own.clone().select('id')).length < ids.length) {
          throw problem('not_found', 'You have no notification of one of these ids.')
        }
      }
      const read: number = await own.whereNull('read_at').update({ read_at: call.now() })
      return { read, unread: await countUnread(call.db, user_id) }
    },
  })

  kit.route('GET /notifications/preferences', {
    summary: 'What you can be told of, and what of it comes by mail, too',
    permission: 'signed-in',
    returns: Preferences,
    handle: async (_input, { call }) => {
      const wishes = await wishesOf(call.db, signedInUser(call).id)
      return { items: preferencesOf(kinds(call.tenant.id).values(), wishes) }
    },
  })

  kit.route('PUT /notifications/preferences', {
    summary: 'Say what comes by mail, too',
    description: 'Kinds that are left out go back to their default.',
    permission: 'signed-in',
    body: NotificationPreferences,
    returns: Preferences,
    audit: false,
    async handle({ body }, { call }) {
      const known = kinds(call.tenant.id)
      const wishes = await storeWishes(call.db, { id: signedInUser(call).id, now: call.now() }, known, body)
      return { items: preferencesOf(known.values(), wishes) }
    },
  })
}
