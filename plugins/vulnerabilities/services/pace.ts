import { setImmediate } from 'node:timers/promises'

const SLICE_MS = 15

/** Lets other work of the process run now and then during a long computation, and ends it when it is not wanted. */
export class Pace {
  readonly #signal: AbortSignal
  #until = performance.now() + SLICE_MS

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  /** True when it is time to `rest`. Ask between small steps. */
  get isTired(): boolean {
    return performance.now() > this.#until
  }

  /** @throws the signal's reason */
  async rest(): Promise<void> {
    this.#signal.throwIfAborted()
    await setImmediate()
    this.#until = performance.now() + SLICE_MS
  }
}
