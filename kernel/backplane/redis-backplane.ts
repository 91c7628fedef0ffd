import { setTimeout as pause } from 'node:timers/promises'
import { newId } from '../data/id.ts'
import type { Log } from '../log/log.ts'
import type { Announcement } from './announcement.ts'
import { AnnouncementQueue, type QueueLimits } from './announcement-queue.ts'
import type { Backplane, BackplaneCounts } from './backplane.ts'
import { InProcessBackplane } from './in-process-backplane.ts'
import { isFrom, readMessage, writeMessage } from './message.ts'
import { connectToRedis, type RedisConnection } from './redis-connection.ts'

/** Messages that Redis has not confirmed yet. */
const UNDER_WAY = 256
/** A connection that lasts this long is no longer one that comes and goes. */
const STABLE_MS = 10_000
/** Between two lines about messages that are none of ours. */
const COMPLAINT_MS = 60_000

/** Times in milliseconds. */
export interface RedisTiming {
  /** The first pause before Redis is tried again; it doubles each time. */
  readonly firstRetryMs: number
  readonly lastRetryMs: number
  /** How long what has waited for Redis goes on waiting for the other instances, which come back to it as we do. */
  readonly settleMs: number
  /** Between two beats, which show that Redis answers. */
  readonly beatMs: number
  /** How long a stop sends what is left. */
  readonly closeMs: number
}

const defaultTiming: RedisTiming = {
  firstRetryMs: 50,
  lastRetryMs: 2_000,
  settleMs: 2_500,
  beatMs: 5_000,
  closeMs: 1_000,
}

/** What may wait for a Redis that is gone. */
const defaultLimits: QueueLimits = { messages: 10_000, size: 4_194_304 }

/** What a backplane on Redis is made of. */
export interface RedisParts {
  readonly url: string
  /** What its channels begin with: two installations that share a Redis have different ones. */
  readonly prefix: string
  readonly log: Log
  readonly timing?: Partial<RedisTiming>
  readonly limits?: QueueLimits
}

/**
 * The backplane of many instances, on Redis pub/sub. This instance hears its own announcements without a detour. While
 * Redis is gone everybody goes on alone, and what is announced waits, up to a limit.
 */
export class RedisBackplane implements Backplane {
  readonly #parts: RedisParts
  readonly #timing: RedisTiming
  readonly #instance = newId()
  readonly #own = new InProcessBackplane()
  readonly #queue: AnnouncementQueue
  readonly #closing = new AbortController()
  #heard: (announcement: Announcement) => void = () => undefined
  #running: Promise<void> | undefined
  #connection: RedisConnection | undefined
  #sending = false
  #fault: string | undefined = 'Redis has not been reached yet'
  #counts = { sent: 0, heard: 0, refused: 0 }
  #complainedAt = Number.NEGATIVE_INFINITY
  #drained = Promise.withResolvers<void>()

  constructor(parts: RedisParts) {
    this.#parts = parts
    this.#timing = { ...defaultTiming, ...parts.timing }
    this.#queue = new AnnouncementQueue(parts.limits ?? defaultLimits)
  }

  get fault(): string | undefined {
    return this.#fault
  }

  get counts(): BackplaneCounts {
    return { ...this.#counts, dropped: this.#queue.dropped }
  }

  announce(announcement: Announcement): void {
    this.#own.announce(announcement)
    this.#queue.push(writeMessage(this.#instance, announcement))
    this.#pump()
  }

  listen(heard: (announcement: Announcement) => void): void {
    this.#heard = heard
    this.#own.listen(heard)
  }

  open(installation: string): void {
    this.#running ??= this.#run(`${this.#parts.prefix}:${installation}`)
  }

  async close(): Promise<void> {
    this.#drained = Promise.withResolvers()
    if (this.#connection && this.#queue.length > 0) {
      this.#send()
      await Promise.race([this.#drained.promise, pause(this.#timing.closeMs, undefined, { ref: false })])
    }
    this.#closing.abort()
    await this.#running
    await this.#own.close()
  }

  /** Connects again and again, until the end. */
  async #run(channel: string): Promise<void> {
    const { log, url } = this.#parts
    const { signal } = this.#closing
    const ownChannel = `${channel}:${this.#instance}`
    let failures = 0
    let since: number | undefined
    let connectedAt = Number.POSITIVE_INFINITY
    let droppedBefore = 0
    while (!signal.aborted) {
      try {
        const connection = await connectToRedis({
          url,
          channel,
          ownChannel,
          beatMs: this.#timing.beatMs,
          signal,
          heard: message => this.#message(message),
        })
        if (since !== undefined) {
          const dropped = this.#queue.dropped - droppedBefore
          log.info({ dropped, ms: Math.round(performance.now() - since) }, 'Redis is back: other instances are reached')
        }
        const wait = since === undefined ? 0 : this.#timing.settleMs
        since = undefined
        connectedAt = performance.now()
        this.#fault = undefined
        await this.#use(connection, wait)
      } catch (error) {
        if (signal.aborted) return
        if (performance.now() - connectedAt > STABLE_MS) failures = 0
        connectedAt = Number.POSITIVE_INFINITY
        const reason = reasonOf(error)
        this.#fault = `Redis is out of reach: ${reason}`
        if (since === undefined) {
          since = performance.now()
          droppedBefore = this.#queue.dropped
          log.warn({ reason }, 'Redis is out of reach: other instances hear of nothing until it is back; trying again')
        }
      }
      const { firstRetryMs, lastRetryMs } = this.#timing
      const most = Math.min(lastRetryMs, firstRetryMs * 2 ** failures++)
      // Not all instances at once.
      await pause(most * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined)
    }
  }

  /** Sends and hears until the connection is lost. @throws Error with the reason */
  async #use(connection: RedisConnection, waitMs: number): Promise<never> {
    const { signal } = this.#closing
    const ended = Promise.withResolvers<never>()
    const end = (): void => ended.reject(new Error('the backplane is closed'))
    if (signal.aborted) end()
    signal.addEventListener('abort', end)
    void connection.lost.then(ended.reject)
    this.#connection = connection
    this.#queue.rewind()
    const begin = setTimeout(() => this.#send(), waitMs)
    if (waitMs === 0) this.#send()
    try {
      return await ended.promise
    } finally {
      clearTimeout(begin)
      signal.removeEventListener('abort', end)
      this.#sending = false
      this.#connection = undefined
      connection.close()
    }
  }

  #send(): void {
    this.#sending = true
    this.#pump()
  }

  #pump(): void {
    const connection = this.#connection
    if (!connection || !this.#sending) return
    for (let next = this.#queue.take(UNDER_WAY); next; next = this.#queue.take(UNDER_WAY)) {
      const { number, text } = next
      connection.publish(text).then(
        () => {
          if (connection !== this.#connection) return
          this.#queue.arrived(number)
          this.#counts.sent += 1
          if (this.#queue.length === 0) this.#drained.resolve()
          this.#pump()
        },
        (error: Error) => connection === this.#connection && this.#refused(connection, error),
      )
    }
  }

  /** Redis does not take what is sent, as while it loads its data: everything is sent again on a new connection. */
  #refused(connection: RedisConnection, error: Error): void {
    this.#sending = false
    connection.fail(error)
  }

  #message(message: string): void {
    if (isFrom(this.#instance, message)) return
    const announcement = readMessage(message)
    if (announcement) {
      this.#counts.heard += 1
      this.#heard(announcement)
      return
    }
    this.#counts.refused += 1
    const now = performance.now()
    if (now - this.#complainedAt < COMPLAINT_MS) return
    this.#complainedAt = now
    this.#parts.log.warn({ length: message.length }, 'a message came through Redis that is none of ours; left aside')
  }
}

/** What went wrong, without the address, which may hold a password. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ')
  const { message, code } = error as { readonly message?: string; readonly code?: string }
  return message || code || 'unknown'
}
