import { hash } from 'node:crypto'

/** Width of `ingest_events.event_id`. */
const LONGEST = 100
const PLAIN = /^[ -@[\]_`a-z{|}~]*$/

/**
 * The form in which a device's id of an event is stored. SQL Server takes texts that differ in case for one, so a capital
 * is written as `^` and its small letter; what does not fit, or is no ASCII, is its hash.
 */
export function storedId(id: string): string {
  if (PLAIN.test(id)) return id
  const marked = id.replace(/[A-Z^]/g, letter => `^${letter.toLowerCase()}`)
  return marked.length <= LONGEST && /^[ -~]*$/.test(marked) ? marked : `^#${hash('sha256', id, 'hex')}`
}

/** The id as the device sent it; of a long one its hash. */
export const shownId = (stored: string): string =>
  stored.startsWith('^#')
    ? `sha256:${stored.slice(2)}`
    : stored.replace(/\^(.)/g, (_, letter: string) => letter.toUpperCase())
