/** Longest for a connection to stand, in milliseconds. */
const CONNECT_MS = 10_000

/** Makes clients. The class of a client is built of all the commands there are, so that is done once. */
const loadClients = async () => (await import('@redis/client')).RedisClient.factory()

let clients: ReturnType<typeof loadClients> | undefined

/** What a connection needs. */
export interface ConnectionParts {
  readonly url: string
  /** The channel that all instances share. */
  readonly channel: string
  /** A channel of this instance alone, which shows that both ways work. */
  readonly ownChannel: string
  /** Between two beats, each of which has to come back before the next but one; in milliseconds. */
  readonly beatMs: number
  /** Gives up the attempt; a connection that stands is closed with `close`. */
  readonly signal: AbortSignal
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
  const makeClient = await (clients ??= loadClients())
  const make = () =>
    makeClient({
      url: parts.url,
      disableOfflineQueue: true,
      disableClientInfo: true,
      maintNotifications: 'disabled',
      socket: { reconnectStrategy: false, connectTimeout: CONNECT_MS / 2 },
    })
  const [publisher, listener] = [make(), make()]
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
    await within(CONNECT_MS, opening, parts.signal)
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

/** What comes of `work`, unless it takes too long or is given up. */
async function within<T>(ms: number, work: Promise<T>, signal: AbortSignal): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`it did not answer for ${ms / 1000} s`)), ms)
  const end = (): void => late.reject(new Error('the attempt was given up'))
  signal.addEventListener('abort', end)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', end)
  }
}
