import { z } from 'zod'
import type { Notice } from '../contract.ts'
import { lineOfText } from '../data/fields.ts'

const LONGEST_PATH = 400
const MOST_USERS = 1_000

/** A scheme or host has no place to begin: one slash, then anything but a slash. Browsers take `\` for a slash. */
const INSIDE = /^\/(?![/\\])[^\\\s\p{Cc}\p{Cs}]*$/u

/** A path of the web application, which stays there whatever it is put behind. */
export const applicationPath = z
  .string()
  .max(LONGEST_PATH)
  .regex(INSIDE, 'must be a path of the web application, such as "/incidents/0198…"')

const body = z
  .string()
  .max(4_000)
  .refine(text => !text.includes('\0') && text.isWellFormed(), 'must be text without NUL characters')

/** The fields of a notice that are checked when it is told. */
const fields = {
  to: z.union([
    z.strictObject({ users: z.array(z.guid().toLowerCase()).max(MOST_USERS) }),
    z.strictObject({ permission: z.templateLiteral([z.string(), ':', z.string()]) }),
  ]),
  title: lineOfText(300),
  body: body.optional(),
  path: applicationPath.optional(),
  unique: z.string().min(1).max(200).optional(),
}
const told = z.strictObject({ kind: z.string(), ...fields })

/** A notice as it waits for the job that hands it out. */
export const queuedNotice = z.strictObject({
  ...fields,
  /** `<plugin>.<kind>` */
  kind: z.string().max(100),
  /** Told apart by this from all others: a job that runs again finds what it has done. */
  notice_id: z.string(),
})

/** A notice as it waits for the job that hands it out. */
export type QueuedNotice = z.output<typeof queuedNotice>

/** What is wrong with a notice, in one line; undefined: nothing. */
export function faultOf(notice: Notice): string | undefined {
  const { error } = told.safeParse(notice)
  return error?.issues.map(({ path, message }) => `${path.join('.') || 'notice'}: ${message}`).join('; ')
}
