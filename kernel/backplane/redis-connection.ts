import { setTimeout as pause } from 'node:timers/promises'

/** Longest for a connection to stand, in milliseconds. */
const CONNECT_MS = 10_000

/** What a connection needs. */
export interface ConnectionParts {
  readonly url: string
  /** The channel that all instances share. */
  readonly channel: string
  /** A channel of this instance alone, which shows that both ways work. */
  readonly ownChannel: string
  /** Between two beats, each of which has to come back before the next but one; in milliseconds. */
  readonly beatMs: number
  heard(message: string): void
}

/** A way to Redis and one back, which stand and fall together. */
export interface RedisConnection {
  /** Sends to everybody who listens on the channel, this instance too; resolves when Redis has it. */
  publish(message: string): Promise<void>
  /** Resolves with the reason when the connection is of no use any more. */
  readonly lost: Promise<Error>
  /** Says that it is of no use any more. */
  fail(reason: Error): void
  close(): void
}

/**
 * Opens two connections, one that publishes and one that listens. Nothing is tried again here.
 * @throws Error when that fails, also for a wrong password
 */
export async function connectToRedis(parts: ConnectionParts): Promise<RedisConnection> {
  const { createClient } = await import('@redis/client')
  const options = {
    url: parts.url,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    socket: { reconnectStrategy: false, connectTimeout: CONNECT_MS / 2 },
  } as const
  const [publisher, listener] = [createClient(options), createClient(options)]
  const lost = Promise.withResolvers<Error>()
  for (const client of [publisher, listener]) {
    client.on('error', (error: Error) => lost.resolve(error))
    client.on('end', () => lost.resolve(new Error('the connection was closed')))
  }
  let beat: NodeJS.Timeout | undefined
  const close = (): void => {
    clearInterval(beat)
    for (const client of [publisher, listener]) client.destroy()
  }
  let answeredAt = performance.now()
  const opened = async (): Promise<void> => {
    await Promise.all([publisher.connect(), listener.connect()])
    await listener.subscribe([parts.channel, parts.ownChannel], (message, channel) => {
      if (channel === parts.channel) parts.heard(message)
      else answeredAt = performance.now()
    })
    // Who may listen may not always publish.
    await publisher.publish(parts.ownChannel, 'beat')
  }
  const opening = opened()
  try {
    await within(CONNECT_MS, opening)
  } catch (error) {
    opening.catch(() => undefined)
    close()
    throw error
  }
  beat = setInterval(() => {
    if (performance.now() - answeredAt > 2 * parts.beatMs) lost.resolve(new Error('it does not answer'))
    publisher.publish(parts.ownChannel, 'beat').catch(() => undefined)
  }, parts.beatMs).unref()
  return {
    lost: lost.promise,
    fail: lost.resolve,
    close,
    publish: message => publisher.publish(parts.channel, message).then(() => undefined),
  }
}

/** What comes of `work`, unless it takes too long. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = new AbortController()
  const timeout = pause(ms, undefined, { signal: late.signal }).then(
    () => {
      throw new Error(`it did not answer for ${ms / 1000} s`)
    },
    () => undefined as never,
  )
  try {
    return await Promise.race([work, timeout])
  } finally {
    late.abort()
  }
}
