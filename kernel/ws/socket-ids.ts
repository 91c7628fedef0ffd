import { newId } from '../data/id.ts'

const DAY_MS = 86_400_000

/**
 * Ids of sockets: they rise by time over all instances, also where the clocks of two are apart, as long as one has heard of
 * what the other has made.
 */
export class SocketIds {
  #latest = ''

  /** Of another instance. One far from now is left aside: no clock is that wrong. */
  heard(id: string): void {
    if (id > this.#latest && msOf(id) < Date.now() + DAY_MS) this.#latest = id
  }

  /** An id greater than all that were made and heard. */
  next(): string {
    const id = newId()
    this.#latest = id > this.#latest ? id : after(this.#latest, id)
    return this.#latest
  }
}

/** The milliseconds that a UUIDv7 begins with (RFC 9562, 5.7). */
const msOf = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)

/** The id with the millisecond after that of `latest`. */
function after(latest: string, id: string): string {
  const ms = (msOf(latest) + 1).toString(16).padStart(12, '0')
  return `${ms.slice(0, 8)}-${ms.slice(8)}${id.slice(13)}`
}
