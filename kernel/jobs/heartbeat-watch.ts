/** A run that somebody works on, as one look at the table shows it. */
export interface Beating {
  readonly id: string
  readonly attempts: number
  /** The moment that its process wrote last, by that process's clock. */
  readonly heartbeatAt: Date
}

interface Seen {
  readonly attempts: number
  readonly heartbeat: number
  silentMs: number
}

/**
 * Tells whose heartbeat has stopped. The clocks of two machines may differ by hours, so a heartbeat is never compared
 * with this machine's time, only with what it was at the last look. Time in which nothing was looked at (the database was
 * gone, this process was frozen) counts as one gap at most: others could not write then, either.
 */
export class HeartbeatWatch {
  readonly #staleMs: number
  readonly #longestGapMs: number
  #seen = new Map<string, Seen>()
  #lookedAt: number | undefined

  /** @param longestGapMs what may lie between two looks */
  constructor(staleMs: number, longestGapMs: number) {
    this.#staleMs = staleMs
    this.#longestGapMs = longestGapMs
  }

  /**
   * Takes a look at all running runs.
   * @param at milliseconds of a clock that never jumps
   * @returns those that have not moved for `staleMs`
   */
  silent<B extends Beating>(running: readonly B[], at: number = performance.now()): B[] {
    const passed = Math.min(at - (this.#lookedAt ?? at), this.#longestGapMs)
    this.#lookedAt = at
    const before = this.#seen
    this.#seen = new Map()
    return running.filter(run => {
      const { attempts } = run
      const heartbeat = run.heartbeatAt.getTime()
      const known = before.get(run.id)
      const same = known?.heartbeat === heartbeat && known.attempts === attempts
      const silentMs = same ? known.silentMs + passed : 0
      this.#seen.set(run.id, { attempts, heartbeat, silentMs })
      return silentMs >= this.#staleMs
    })
  }
}
