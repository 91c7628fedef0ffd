import type { Log } from '../log/log.ts'

const QUIET_MS = 60_000

/** Says that telemetry has trouble: what it is about, and why. */
export type Complain = (about: string, why: unknown) => void

/** Complaints about each thing at most once a minute: the next one tells how many there were. */
export function complaints(log: Log, now: () => number = () => performance.now()): Complain {
  const said = new Map<string, { at: number; since: number }>()
  return (about, why) => {
    const last = said.get(about)
    if (last && now() - last.at < QUIET_MS) {
      last.since += 1
      return
    }
    said.set(about, { at: now(), since: 0 })
    const times = last ? last.since + 1 : 1
    log.warn({ about, times, reason: reasonOf(why) }, `telemetry: ${about} failed; requests are not affected`)
  }
}

/** A refused connection has its words in the errors inside. */
function reasonOf(why: unknown): string {
  if (why instanceof AggregateError) return why.errors.map(reasonOf).join('; ')
  if (!(why instanceof Error)) return String(why ?? 'unknown')
  const { code } = why as NodeJS.ErrnoException
  return why.message === '' ? String(code ?? why.name) : why.message
}
