import type { PlatformCall } from '../../kernel/contract.ts'
import { edgeChannel } from './public.ts'
import { PresenceRepository } from './repositories/presence-repository.ts'

/** A device is written down as heard at most this often: a third of the time after which it is stale. */
const REST_MS = 45_000
const MOST_KNOWN = 200_000

/** How long writing down may wait, in milliseconds. */
export interface PresenceTiming {
  /** For a device that was silent so far: it is shown as connected at once. */
  readonly newcomerMs: number
  readonly usualMs: number
  /** For devices with an open socket that say nothing. */
  readonly silentMs: number
}

/**
 * Which devices this process hears, written to the database for many at once. A device with an open socket is heard for as
 * long as the socket is open: the kernel closes one that does not answer its pings.
 */
export class PresenceTracker implements AsyncDisposable {
  /** When a device was written down last, or is about to be, in milliseconds of the kernel's clock; oldest first. */
  readonly #written = new Map<string, number>()
  readonly #sockets = new Map<string, string>()
  readonly #timing: PresenceTiming
  #waiting = new Set<string>()
  #call: PlatformCall | undefined
  #timer: NodeJS.Timeout | undefined
  #dueAt = Infinity
  #flushing: Promise<void> | undefined
  #disposed = false

  constructor(timing: PresenceTiming = { newcomerMs: 100, usualMs: 2_000, silentMs: 10_000 }) {
    this.#timing = timing
  }

  /** Devices that wait to be written down. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** A device was heard. `call`: one whose own work is done; its database and clock are used from now on. */
  heard(deviceId: string, call: PlatformCall): void {
    this.#call = call
    const known = this.#written.has(deviceId)
    if (this.#note(deviceId, call.now().getTime())) {
      this.#flushIn(known ? this.#timing.usualMs : this.#timing.newcomerMs)
    }
  }

  /** A device has opened a socket. */
  connected(deviceId: string, socketId: string): void {
    this.#sockets.set(deviceId, socketId)
    this.#flushIn(this.#timing.silentMs)
  }

  /** A device's socket has closed. A newer one of it stays. */
  disconnected(deviceId: string, socketId: string): void {
    if (this.#sockets.get(deviceId) === socketId) this.#sockets.delete(deviceId)
  }

  /** Writes down who waits. Never rejects: who could not be written waits on. */
  flush(): Promise<void> {
    return (this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = undefined
    }))
  }

  /** Writes down who waits, and ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    clearTimeout(this.#timer)
    await this.#flushing
    await this.flush()
  }

  /** True when the device has to be written down. */
  #note(deviceId: string, now: number): boolean {
    const before = this.#written.get(deviceId)
    if (before !== undefined && Math.abs(now - before) < REST_MS) return false
    this.#written.delete(deviceId)
    this.#written.set(deviceId, now)
    this.#waiting.add(deviceId)
    return true
  }

  #flushIn(ms: number): void {
    const at = performance.now() + ms
    if (this.#disposed || at >= this.#dueAt) return
    clearTimeout(this.#timer)
    this.#dueAt = at
    this.#timer = setTimeout(() => {
      this.#dueAt = Infinity
      void this.flush()
    }, ms)
    this.#timer.unref()
  }

  async #flush(): Promise<void> {
    const call = this.#call
    if (!call) return
    const now = call.now()
    for (const deviceId of this.#sockets.keys()) this.#note(deviceId, now.getTime())
    if (this.#sockets.size > 0) this.#flushIn(this.#timing.silentMs)
    const ids = this.#waiting
    if (ids.size === 0) return
    this.#waiting = new Set()
    try {
      const { db } = call
      const presence = new PresenceRepository({ db })
      const written = await db.transaction(() => presence.heard([...ids], now))
      if (written < ids.size) await this.#throwOff(call, presence, ids)
    } catch (error) {
      call.log.warn(
        { err: error, devices: ids.size },
        'devices that were heard could not be written down; trying again',
      )
      for (const id of ids) if (this.#waiting.size < MOST_KNOWN) this.#waiting.add(id)
      this.#flushIn(this.#timing.usualMs)
    }
    this.#forget(now.getTime())
  }

  /** Closes sockets of devices that were revoked on an instance that could not tell this one, as while Redis is away. */
  async #throwOff(call: PlatformCall, presence: PresenceRepository, ids: ReadonlySet<string>): Promise<void> {
    const connected = [...ids].filter(id => this.#sockets.has(id))
    for (const { id, tenant_id } of await presence.revoked(connected)) call.disconnect(tenant_id, edgeChannel, [id])
  }

  /** Forgets who was silent for so long that it counts as new. */
  #forget(now: number): void {
    for (const [id, at] of this.#written) {
      if (Math.abs(now - at) < 2 * REST_MS && this.#written.size <= MOST_KNOWN) break
      this.#written.delete(id)
    }
  }
}
