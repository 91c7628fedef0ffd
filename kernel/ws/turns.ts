import { setImmediate as nextTurn } from 'node:timers/promises'

const SLICE_MS = 10

/** Lets everybody else have a turn now and then, in work that goes through thousands of sockets. */
export class Turns {
  #since = performance.now()

  /** True when this work has had the process for long enough. */
  get over(): boolean {
    return performance.now() - this.#since >= SLICE_MS
  }

  /** Resolves when it is its turn again. */
  async next(): Promise<void> {
    await nextTurn()
    this.#since = performance.now()
  }
}
