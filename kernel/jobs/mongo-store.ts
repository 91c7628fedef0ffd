import type { AgendaBackend } from 'agenda'
import type { MongoClient, MongoClientOptions } from 'mongodb'
import type { JobStore } from './job-store.ts'

const DEFAULT_DATABASE = 'monozu'
/** A clock that differs by more than this from the server's, in milliseconds, is a fault. */
const LONGEST_SKEW_MS = 60_000

/** Nothing waits long for a server that is gone; what the connection string says wins. */
const patience: MongoClientOptions = {
  appName: 'monozu',
  serverSelectionTimeoutMS: 5_000,
  connectTimeoutMS: 5_000,
  socketTimeoutMS: 15_000,
  heartbeatFrequencyMS: 5_000,
  maxPoolSize: 10,
}

/** A server that does not answer within this time counts as gone, in milliseconds. */
const CHECK_MS = 2_000

/** Errors of the driver when it has no server, or lost it. */
const outages =
  /^Mongo(Network|ServerSelection|ServerClosed|Pool|NotConnected|TopologyClosed|ClientClosed|OperationTimeout|WaitQueue)/

/** Answers of a server that is being replaced or is shutting down, by their codes in MongoDB's error_codes.yml. */
const stateChanges = new Set([91, 189, 10107, 11600, 11602, 13435, 13436])

/**
 * Agenda's jobs in MongoDB. The driver is loaded when it is opened, and reconnects by itself.
 * @param url `mongodb://` or `mongodb+srv://`; its database, default `monozu`, holds the collection `agendaJobs`
 */
export function mongoStore(url: string): JobStore {
  let client: MongoClient | undefined
  let unreachable = new Error('MongoDB has not been reached yet')

  async function open(): Promise<AgendaBackend> {
    const { MongoClient } = await import('mongodb')
    const { MongoRepository } = await import('./mongo-repository.ts')
    const opening = await fresh(() => new MongoClient(url, givenElsewhere(url)))
    try {
      await opening.connect()
      const repository = new MongoRepository(opening.db(databaseOf(url)))
      await repository.connect()
      return {
        name: 'MongoDB',
        repository,
        ownsConnection: false,
        connect: async () => undefined,
        disconnect: async () => undefined,
      }
    } catch (error) {
      await close()
      unreachable = new Error(`MongoDB cannot be used: ${withoutSecrets(error, url)}`, { cause: error })
      throw unreachable
    }
  }

  async function fresh(make: () => MongoClient): Promise<MongoClient> {
    await close()
    try {
      client = make()
      return client
    } catch (error) {
      // The driver's words may hold the connection string, and with it the password; so they are no cause of this.
      unreachable = new Error(`MONGODB_URL cannot be used: ${withoutSecrets(error, url)}`)
      throw unreachable
    }
  }

  async function close(): Promise<void> {
    const closing = client
    client = undefined
    await closing?.close()
  }

  return {
    name: 'MongoDB',
    open,
    close,
    async check() {
      if (!client) throw unreachable
      const asked = Date.now()
      const { localTime } = await soon(client.db(databaseOf(url)).command({ hello: 1 }))
      const skew = (asked + Date.now()) / 2 - Number(localTime)
      if (Math.abs(skew) > LONGEST_SKEW_MS) {
        const seconds = Math.round(Math.abs(skew) / 1000)
        throw new Error(`the clock of this machine is ${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} MongoDB's`)
      }
    },
    isOutage(error) {
      if (error === unreachable) return true
      const { name, code } = error as { name?: string; code?: unknown }
      return stateChanges.has(Number(code)) || outages.test(name ?? '')
    },
  }
}

/** `monozu`, unless the path of the URL names another. */
const databaseOf = (url: string): string => /^[^:]+:\/\/[^/]+\/([^?]+)/.exec(url)?.[1] ?? DEFAULT_DATABASE

/** Our defaults for what the connection string leaves open. */
const givenElsewhere = (url: string): MongoClientOptions =>
  Object.fromEntries(Object.entries(patience).filter(([name]) => !new RegExp(`[?&]${name}=`, 'i').test(url)))

/** What comes of `work`, unless it takes too long. */
async function soon<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`MongoDB did not answer within ${CHECK_MS} ms`)), CHECK_MS)
  })
  work.catch(() => undefined)
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

const withoutSecrets = (error: unknown, url: string): string =>
  (error instanceof Error ? error.message : String(error))
    .replaceAll(url, 'the URL')
    .replaceAll(/\/\/[^@/\s]+@/g, '//…@')
