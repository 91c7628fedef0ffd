import type { Log } from '../log/log.ts'
import type { JobStore } from './job-store.ts'
import { TicketGone } from './ticket-gone.ts'

/** Says once that the store of jobs is out of reach, and once that it is back, however many calls fail meanwhile. */
export class Outage {
  readonly #store: JobStore
  readonly #log: Log
  #since: number | undefined
  #fault: Error | undefined

  constructor(store: JobStore, log: Log) {
    this.#store = store
    this.#log = log
  }

  /** Why the store is out of reach; undefined while it is not. */
  get fault(): Error | undefined {
    return this.#fault
  }

  /** Logs an error under this message, unless it tells nothing but that the store is still gone, or a ticket is. */
  report(error: Error, message: string): void {
    if (error instanceof TicketGone) {
      this.#log.debug(error, message)
      return
    }
    if (!this.#store.isOutage(error)) {
      this.#log.error(error, message)
      return
    }
    const { name } = this.#store
    this.#fault = error.message.startsWith(name) ? error : new Error(`${name} is out of reach: ${error.message}`)
    if (this.#since !== undefined) return
    this.#since = performance.now()
    const what = `${this.#store.name} is out of reach: jobs wait in the SQL database until it is back, nothing is lost`
    this.#log.error(error, what)
  }

  /** The store has answered. @returns true when that ends an outage */
  over(): boolean {
    if (this.#since === undefined) return false
    const seconds = Math.round((performance.now() - this.#since) / 1000)
    this.#since = undefined
    this.#fault = undefined
    this.#log.info({ seconds }, `${this.#store.name} is back: jobs go on`)
    return true
  }
}
