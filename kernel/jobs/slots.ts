/** Bounds how many turns of a job run at once in this process. */
export class Slots {
  readonly #taken = new Map<string, number>()
  readonly #waiting = new Map<string, (() => void)[]>()

  /** Waits for a free slot under this key; `free` it in the end. */
  async take(key: string, limit: number): Promise<void> {
    while ((this.#taken.get(key) ?? 0) >= limit) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), resolve])
      await promise
    }
    this.#taken.set(key, (this.#taken.get(key) ?? 0) + 1)
  }

  free(key: string): void {
    this.#taken.set(key, (this.#taken.get(key) ?? 1) - 1)
    const waiting = this.#waiting.get(key) ?? []
    this.#waiting.delete(key)
    for (const look of waiting) look()
  }
}
