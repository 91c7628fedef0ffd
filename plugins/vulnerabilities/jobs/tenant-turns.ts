/** Lets one run at a time do a tenant's work, and one more wait: it will see all that those after it would see. */
export class TenantTurns {
  readonly #running = new Map<string, Promise<unknown>>()
  readonly #waiting = new Set<string>()

  /** Runs `work` when the tenant's turn has come; undefined when another one waits for that already. */
  async take<T>(tenantId: string, work: () => Promise<T>): Promise<T | undefined> {
    if (this.#waiting.has(tenantId)) return undefined
    const before = this.#running.get(tenantId)
    if (before) {
      this.#waiting.add(tenantId)
      await before.catch(() => undefined)
      this.#waiting.delete(tenantId)
    }
    const turn = work()
    this.#running.set(tenantId, turn)
    try {
      return await turn
    } finally {
      if (this.#running.get(tenantId) === turn) this.#running.delete(tenantId)
    }
  }
}
