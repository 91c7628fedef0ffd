import { problem } from '../errors.ts'

/** Lets so much work run at once, in the order it came, and so much wait. */
export class Turns {
  readonly #atOnce: number
  readonly #mostWaiting: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(atOnce: number, mostWaiting: number) {
    this.#atOnce = atOnce
    this.#mostWaiting = mostWaiting
  }

  /**
   * Runs `work` when it is its turn.
   * @throws Problem `too_many_requests` with `Retry-After`, at once, when too much waits already
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#atOnce) {
      if (this.#waiting.length >= this.#mostWaiting) {
        throw problem('too_many_requests', 'Too many people log in at this moment. Try again in a few seconds.', {
          headers: { 'Retry-After': '5' },
        })
      }
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    } else this.#running++
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running--
    }
  }
}
