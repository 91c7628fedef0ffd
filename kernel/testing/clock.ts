/** A clock that tests move. It stands still otherwise. */
export class TestClock {
  #now: number

  constructor(start: Date) {
    this.#now = start.getTime()
  }

  readonly now = (): Date => new Date(this.#now)

  /** Moves on by so many milliseconds. */
  advance(ms: number): void {
    this.#now += ms
  }
}
