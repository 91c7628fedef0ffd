import type { Announcement } from './announcement.ts'

/** What a backplane has done since the start. */
export interface BackplaneCounts {
  /** Announcements of this instance that went out to others. */
  readonly sent: number
  /** Announcements of others. */
  readonly heard: number
  /** Announcements of this instance that were given up, because the others were out of reach for long. */
  readonly dropped: number
  /** What came in and is none of ours. */
  readonly refused: number
}

/** Carries announcements to every instance that has sockets. What nobody hears is lost: nothing is stored. */
export interface Backplane {
  /** Returns at once. What this instance announces arrives in order, here too. */
  announce(announcement: Announcement): void
  /** Begins to hear. Called once, by the kernel. */
  listen(heard: (announcement: Announcement) => void): void
  /** Begins to reach other instances, and returns at once: until they are reached, this one goes on alone. */
  open(installation: string): void
  /** Why other instances are not reached; undefined when they are, and where there are none. */
  readonly fault: string | undefined
  /** undefined where there are no other instances. */
  readonly counts: BackplaneCounts | undefined
  /** Sends what is left, for a moment, and closes what `open` has opened. */
  close(): Promise<void>
}
