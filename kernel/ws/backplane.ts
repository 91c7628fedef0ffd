import type { Recipients } from '../contract.ts'

/** What one instance tells all, itself included. Plain JSON, so that it can travel. */
export type Announcement =
  | {
      readonly kind: 'frame'
      readonly channel: string
      readonly tenantId: string
      readonly to?: Recipients | undefined
      /** The envelope, as it goes out. */
      readonly text: string
    }
  | {
      readonly kind: 'disconnect'
      readonly channel: string
      readonly tenantId: string
      /** Whose sockets are closed. */
      readonly actors: readonly string[]
    }

/** Carries announcements to every instance that has sockets. What nobody hears is lost: nothing is stored. */
export interface Backplane {
  /** Returns at once. What this instance announces arrives in order, here too. */
  announce(announcement: Announcement): void
  /** Begins to hear. Called once, by the sockets of the kernel. */
  listen(heard: (announcement: Announcement) => void): void
  close(): Promise<void>
}

/** The backplane of a single instance. Delivers after the work under way, so that a request does not wait for sockets. */
export class InProcessBackplane implements Backplane {
  #heard: ((announcement: Announcement) => void) | undefined
  #waiting: Announcement[] = []

  announce(announcement: Announcement): void {
    if (!this.#heard) return
    if (this.#waiting.push(announcement) === 1) setImmediate(() => this.#deliver())
  }

  listen(heard: (announcement: Announcement) => void): void {
    this.#heard = heard
  }

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
