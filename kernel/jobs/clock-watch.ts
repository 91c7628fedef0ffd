/** What the system's clock may gain or lose between two looks without having jumped, in milliseconds. */
const LONGEST_DRIFT_MS = 10_000

/** Notices when the system's clock jumps: it is compared with one that cannot. */
export class ClockWatch {
  readonly #wall: () => number
  readonly #steady: () => number
  #ahead: number

  constructor(wall: () => number = Date.now, steady: () => number = () => performance.now()) {
    this.#wall = wall
    this.#steady = steady
    this.#ahead = wall() - steady()
  }

  /** Milliseconds by which the clock was set forward (or back, below 0) since the last look; 0 when it was not. */
  jump(): number {
    const ahead = this.#wall() - this.#steady()
    const jump = ahead - this.#ahead
    this.#ahead = ahead
    return Math.abs(jump) > LONGEST_DRIFT_MS ? jump : 0
  }
}
