import { setTimeout as pause } from 'node:timers/promises'
import type { Listening } from '../contract.ts'
import type { PluginHost } from '../plugins/host.ts'
import type { WakeAnnouncement } from './announcement.ts'

/** Listeners of one process; more of them mean that some are never disposed of. */
const MOST = 100_000
/** What a timer can do. */
const LONGEST_MS = 2 ** 31 - 1
/** How long one waits while the process drains, so that its clients neither hold up the stop nor ask without a pause. */
const DRAINING_MS = 1_000
/** Listeners that are sent home at once: each of them answers a request. */
const SLICE = 100
const SLICE_MS = 10

/** What a listener waits for. */
export interface Topic {
  readonly tenantId: string
  readonly host: PluginHost
  readonly topic: string
  /** Of the call: nobody waits for a client that is gone. */
  readonly signal: AbortSignal
}

/** Everybody in this process who waits to be woken, by tenant, plugin and topic. */
export class Bells {
  readonly #bells = new Map<string, Set<Bell>>()
  #size = 0
  #waitMs = LONGEST_MS

  /** Listeners that were not disposed of yet. */
  get size(): number {
    return this.#size
  }

  /** Longest that one may wait now, in milliseconds. */
  get waitMs(): number {
    return this.#waitMs
  }

  /** Begins to listen. */
  listen(topic: Topic): Listening {
    if (this.#size >= MOST) throw new Error(`there are ${MOST} listeners already: dispose of them with "using"`)
    const key = keyOf(topic.tenantId, topic.host.plugin.name, topic.topic)
    const bell = new Bell(this, topic, key)
    const others = this.#bells.get(key)
    if (others) others.add(bell)
    else this.#bells.set(key, new Set([bell]))
    this.#size += 1
    return bell
  }

  /** Wakes whoever listens for a topic. */
  wake({ tenantId, plugin, topic }: Omit<WakeAnnouncement, 'kind'>): void {
    for (const bell of this.#bells.get(keyOf(tenantId, plugin, topic)) ?? []) bell.ring()
  }

  /** Sends home, a few at a time, whoever waits; who comes later waits a second at most. */
  async drain(): Promise<void> {
    this.#waitMs = Math.min(this.#waitMs, DRAINING_MS)
    let sent = 0
    for (const bell of [...this.#all()]) {
      if (bell.sendHome() && ++sent % SLICE === 0) await pause(SLICE_MS)
    }
  }

  /** Sends everybody home; nobody waits from now on. */
  close(): void {
    this.#waitMs = 0
    for (const bell of this.#all()) bell.sendHome()
  }

  /** Sends home who waits for work of a plugin that stops. */
  closeOf(host: PluginHost): void {
    for (const bell of this.#all()) if (bell.host === host) bell.sendHome()
  }

  /** Forgets a listener. */
  forget(bell: Bell, key: string): void {
    const bells = this.#bells.get(key)
    if (!bells?.delete(bell)) return
    this.#size -= 1
    if (bells.size === 0) this.#bells.delete(key)
  }

  *#all(): Generator<Bell, void, undefined> {
    for (const bells of this.#bells.values()) yield* bells
  }
}

/** One who listens. */
class Bell implements Listening {
  readonly host: PluginHost
  readonly #bells: Bells
  readonly #key: string
  readonly #signal: AbortSignal
  readonly #waiting = new Set<(rung: boolean) => void>()
  #rung = false
  #disposed = false

  constructor(bells: Bells, { host, signal }: Topic, key: string) {
    this.#bells = bells
    this.#key = key
    this.host = host
    this.#signal = signal
  }

  heard(ms: number): Promise<boolean> {
    if (this.#rung) {
      this.#rung = false
      return Promise.resolve(true)
    }
    const waitMs = Math.min(ms, this.#bells.waitMs)
    if (waitMs <= 0 || this.#disposed || this.#signal.aborted || this.host.state !== 'running') {
      return Promise.resolve(false)
    }
    return new Promise(resolve => {
      const gone = (): void => settle(false)
      const settle = (rung: boolean): void => {
        clearTimeout(timer)
        this.#signal.removeEventListener('abort', gone)
        this.#waiting.delete(settle)
        resolve(rung)
      }
      const timer = setTimeout(settle, waitMs, false)
      this.#signal.addEventListener('abort', gone)
      this.#waiting.add(settle)
    })
  }

  /** Somebody woke it: who waits goes on, else the next one who asks. */
  ring(): void {
    this.#rung = !this.#settle(true)
  }

  /** Lets go of who waits, without anything heard. @returns whether somebody waited */
  sendHome(): boolean {
    return this.#settle(false)
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    this.#bells.forget(this, this.#key)
    this.#settle(false)
  }

  #settle(rung: boolean): boolean {
    const waiting = [...this.#waiting]
    for (const settle of waiting) settle(rung)
    return waiting.length > 0
  }
}

const keyOf = (tenantId: string, plugin: string, topic: string): string => `${tenantId} ${plugin} ${topic}`
