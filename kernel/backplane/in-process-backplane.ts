import type { Announcement } from './announcement.ts'
import type { Backplane } from './backplane.ts'

/** The backplane of a single instance. Delivers after the work under way, so that a request does not wait for sockets. */
export class InProcessBackplane implements Backplane {
  readonly fault = undefined
  readonly counts = undefined
  #heard: ((announcement: Announcement) => void) | undefined
  #waiting: Announcement[] = []

  announce(announcement: Announcement): void {
    if (!this.#heard) return
    if (this.#waiting.push(announcement) === 1) setImmediate(() => this.#deliver())
  }

  listen(heard: (announcement: Announcement) => void): void {
    this.#heard = heard
  }

  open(): void {}

  async close(): Promise<void> {
    this.#heard = undefined
    this.#waiting = []
  }

  #deliver(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const announcement of waiting) this.#heard?.(announcement)
  }
}
