/** How much may wait. */
export interface QueueLimits {
  readonly messages: number
  /** Characters of all of them. */
  readonly size: number
}

interface Waiting {
  readonly number: number
  readonly text: string
}

/**
 * What is to be sent, oldest first. A message stays in it until it is known to have arrived, so that all that was under way
 * when a connection broke can be sent again, in the same order. When it is full, the oldest is dropped.
 */
export class AnnouncementQueue {
  readonly #limits: QueueLimits
  readonly #waiting: Waiting[] = []
  #size = 0
  #next = 0
  #unsent = 0
  #dropped = 0

  constructor(limits: QueueLimits) {
    this.#limits = limits
  }

  /** Messages that have not arrived yet. */
  get length(): number {
    return this.#waiting.length
  }

  /** Messages that were given up so far. */
  get dropped(): number {
    return this.#dropped
  }

  push(text: string): void {
    this.#waiting.push({ number: this.#next++, text })
    this.#size += text.length
    while (this.#waiting.length > this.#limits.messages || (this.#size > this.#limits.size && this.length > 1)) {
      this.#shift()
      this.#dropped += 1
    }
  }

  /** Takes the oldest message that was not taken yet, unless `most` are under way. */
  take(most: number): Waiting | undefined {
    const first = this.#waiting[0]
    if (!first) return undefined
    this.#unsent = Math.max(this.#unsent, first.number)
    const underWay = this.#unsent - first.number
    const next = underWay < most ? this.#waiting[underWay] : undefined
    if (next) this.#unsent += 1
    return next
  }

  /** The message of this number has arrived, and with it all before. */
  arrived(number: number): void {
    while (this.#waiting[0] && this.#waiting[0].number <= number) this.#shift()
  }

  /** Takes everything again from the oldest on. */
  rewind(): void {
    this.#unsent = this.#waiting[0]?.number ?? this.#next
  }

  #shift(): void {
    this.#size -= this.#waiting.shift()?.text.length ?? 0
  }
}
