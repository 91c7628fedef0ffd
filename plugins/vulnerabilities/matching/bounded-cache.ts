/** Remembers what was read from a text. At its limit it starts anew, so memory stays bounded whatever the feed holds. */
export class BoundedCache<T> {
  readonly #limit: number
  readonly #values = new Map<string, T>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** The remembered value of `text`, or what `read` gives for it; nothing is remembered when `read` throws. */
  get(text: string, read: (text: string) => T): T {
    const known = this.#values.get(text)
    if (known !== undefined) return known
    const value = read(text)
    if (this.#values.size >= this.#limit) this.#values.clear()
    this.#values.set(text, value)
    return value
  }
}
