/** How patient a breaker is. */
export interface Patience {
  /** Failures in a row that open it. Default 5. */
  readonly failures?: number
  /** Milliseconds that it stays open, before one try is let through. Default 30 s. */
  readonly openMs?: number
}

/** Spares a service that is down, and those who wait for it: after some failures in a row nobody asks for a while. */
export class CircuitBreaker {
  readonly #now: () => number
  readonly #most: number
  readonly #openMs: number
  #failures = 0
  /** When it opened, or when the last try was let through; epoch milliseconds. */
  #since = 0

  /** @param now epoch milliseconds; a clock that jumps closes it early at worst */
  constructor(now: () => number, { failures = 5, openMs = 30_000 }: Patience = {}) {
    this.#now = now
    this.#most = failures
    this.#openMs = openMs
  }

  /** True while it lets nobody through. */
  get open(): boolean {
    return this.#failures >= this.#most && Math.abs(this.#now() - this.#since) < this.#openMs
  }

  /** Asks to be let through. While the service is down, one try in a while is. */
  enter(): boolean {
    if (this.open) return false
    if (this.#failures >= this.#most) this.#since = this.#now()
    return true
  }

  succeeded(): void {
    this.#failures = 0
  }

  failed(): void {
    this.#failures += 1
    this.#since = this.#now()
  }
}
