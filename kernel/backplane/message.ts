import { z } from 'zod'
import type { Announcement } from './announcement.ts'

const name = z.string().min(1).max(200)
const text = z.string()
const place = { channel: name, tenantId: name }

/** What comes in is checked: Redis carries whatever anybody writes to it. */
const Announced = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('frame'),
    ...place,
    text,
    to: z
      .object({ actors: z.array(name), permission: z.custom<`${string}:${string}`>(isPermission) })
      .partial()
      .optional(),
  }),
  z.object({ kind: z.literal('disconnect'), ...place, actors: z.array(name) }),
  z.object({ kind: z.literal('replace'), ...place, actor: name, socket: z.uuidv7() }),
  z.object({ kind: z.literal('wake'), tenantId: name, plugin: name, topic: text }),
  z.object({ kind: z.literal('work'), work: z.enum(['events', 'jobs']) }),
])

/** An announcement as it travels: whose it is, then JSON. */
export const writeMessage = (instance: string, announcement: Announcement): string =>
  `${instance} ${JSON.stringify(announcement)}`

/** True for what the instance has written itself. */
export const isFrom = (instance: string, message: string): boolean => message.startsWith(`${instance} `)

/** Reads a message; undefined when it is none. */
export function readMessage(message: string): Announcement | undefined {
  try {
    return Announced.parse(JSON.parse(message.slice(message.indexOf(' ') + 1))) as Announcement
  } catch {
    return undefined
  }
}

function isPermission(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 200 && value.includes(':')
}
