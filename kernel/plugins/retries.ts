/** Milliseconds until a plugin that failed is tried again: after its first failure, its second, every further one. */
export const RETRY_AFTER_MS: readonly number[] = [60_000, 5 * 60_000, 30 * 60_000]

/** When what failed is tried again, with growing pauses. */
export class Retries<T> {
  readonly #pauses: readonly number[]
  readonly #failed = new Map<T, { times: number; at: number }>()

  constructor(pauses: readonly number[] = RETRY_AFTER_MS) {
    this.#pauses = pauses
  }

  /** Notes a failure; returns the milliseconds to wait. */
  failed(what: T): number {
    const times = (this.#failed.get(what)?.times ?? 0) + 1
    const pause = this.#pauses[Math.min(times, this.#pauses.length) - 1] ?? 0
    this.#failed.set(what, { times, at: performance.now() + pause })
    return pause
  }

  /** Notes that it works, or is not wanted any more: its next failure is its first. */
  forget(what: T): void {
    this.#failed.delete(what)
  }

  /** True when it has not failed, or its pause is over. */
  isDue(what: T): boolean {
    return performance.now() >= (this.#failed.get(what)?.at ?? 0)
  }

  /** Milliseconds until the next one is due; undefined: nothing has failed. */
  get next(): number | undefined {
    const times = [...this.#failed.values()].map(({ at }) => at)
    return times.length === 0 ? undefined : Math.max(0, Math.min(...times) - performance.now())
  }
}
