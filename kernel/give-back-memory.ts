import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const LOOK_MS = 1_000
/** The event loop is at rest while it is busy for less than this part of the time. */
const QUIET = 0.1

/**
 * Gives back, once, what the start needed and nobody needs any more: compiled code, caches, half-empty pages; a tenth of
 * what the process holds. That stops everything for 0.1 to 0.3 s, so it waits for a second in which nothing is to be done.
 */
export function giveBackWhenQuiet(): void {
  let before = performance.eventLoopUtilization()
  const timer = setInterval(() => {
    const { utilization } = performance.eventLoopUtilization(before)
    before = performance.eventLoopUtilization()
    if (utilization > QUIET) return
    clearInterval(timer)
    collect()
  }, LOOK_MS).unref()
}

/** V8's collection of last resort: the only one that also moves what is left together, and gives the empty pages back. */
function collect(): void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void
  setFlagsFromString('--no-expose-gc')
  gc({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
