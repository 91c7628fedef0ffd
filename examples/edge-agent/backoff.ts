/**
 * How long to wait before the next try: twice as long each time, and a random part of that, so that a thousand devices
 * that lost the same server do not come back in the same second.
 */
export class Backoff {
  readonly #firstMs: number
  readonly #longestMs: number
  #failures = 0

  constructor({ firstMs = 1_000, longestMs = 60_000 } = {}) {
    this.#firstMs = firstMs
    this.#longestMs = longestMs
  }

  /** It worked: the next failure waits for the shortest time again. */
  succeeded(): void {
    this.#failures = 0
  }

  /**
   * It failed.
   * @param askedMs what the server asked for with `Retry-After`; never undercut
   * @returns milliseconds to wait
   */
  failed(askedMs = 0): number {
    const most = Math.min(this.#longestMs, this.#firstMs * 2 ** this.#failures)
    this.#failures = Math.min(this.#failures + 1, 30)
    return askedMs + most * (0.5 + Math.random() / 2)
  }
}
