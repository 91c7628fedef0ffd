import { z } from 'zod'
import { defineList, equals, type Filter, queryFlag } from '../data/list.ts'

/** A notification as its owner sees it. */
export const Notification = z
  .strictObject({
    id: z.string(),
    kind: z.string().describe('`<plugin>.<kind>`, such as `security.alert-raised`.'),
    title: z.string(),
    body: z.string().nullable(),
    path: z
      .string()
      .nullable()
      .describe('Where the web application shows it: a path, to be put behind its own address.'),
    created_at: z.string(),
    read_at: z.string().nullable(),
  })
  .meta({ id: 'Notification', description: 'Something that the user should know of.' })

/** A notification as its owner sees it. */
export type Notification = z.output<typeof Notification>

/** The columns that a notification shows. */
export const notificationColumns = ['id', 'kind', 'title', 'body', 'path', 'created_at', 'read_at'] as const

const unread: Filter<typeof queryFlag> = {
  schema: queryFlag,
  where: (query, value) => {
    query.whereRaw('CASE WHEN read_at IS NULL THEN 1 ELSE 0 END = ?', [value])
  },
  bind: yes => (yes ? 1 : 0),
}

/** `GET /notifications`; `user_id` is the caller, whom the route puts there. */
export const notificationList = defineList({
  table: 'notifications',
  columns: notificationColumns,
  sorts: { created_at: 'created_at' },
  defaultSort: '-created_at',
  filters: { user_id: equals('user_id', z.string()), unread, kind: equals('kind', z.string().min(1).max(100)) },
  item: (row: Notification) => row,
})
