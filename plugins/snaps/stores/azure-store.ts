import { Readable } from 'node:stream'
import type { BlobServiceClient, ContainerClient } from '@azure/storage-blob'
import type { AzureCredential } from '../../../kernel/contract.ts'
import type { ByteRange } from '../services/byte-range.ts'
import { azureProblem, azureStatus } from './azure-error.ts'
import { type AzureLinks, signLinks } from './azure-links.ts'
import { type BlobStore, isOurKey, type LinkOptions, type StoredBlob } from './blob-store.ts'

/** Azure takes up to 50,000 blocks: 200 GB of these. Two are in memory at a time. */
const BLOCK_BYTES = 4_194_304
const BLOCKS_AT_A_TIME = 2
const CHECK_TIMEOUT_MS = 4_000
/** For what is asked while a client waits, its repeats included. */
const ANSWER_TIMEOUT_MS = 10_000
const CHECK_EVERY_MS = 60_000

/** A connection that is lost is tried again, but a publisher is not kept waiting. */
const RETRIES = { maxTries: 3, retryDelayInMs: 300, maxRetryDelayInMs: 2_000, tryTimeoutInMs: 60_000 }

/** Where the blobs are. */
export interface AzureLocation {
  readonly container: string
  /** With a key or a shared access signature; else `account` is signed in to. */
  readonly connection: string | undefined
  /** Name of the account, or the address of its blob endpoint. */
  readonly account: string | undefined
  /** Address of the account as devices reach it, where it is another one. */
  readonly publicUrl: string | undefined
  readonly credential: AzureCredential
}

interface Opened {
  readonly service: BlobServiceClient
  readonly container: ContainerClient
  readonly links: AzureLinks
}

/** Blobs of one container. The client's library is loaded when something is first asked of it. */
export class AzureStore implements BlobStore {
  readonly place: string
  readonly #location: AzureLocation
  #opening: Promise<Opened> | undefined
  #made: Promise<unknown> | undefined
  #checked = { at: Number.NEGATIVE_INFINITY, outcome: Promise.resolve() }

  constructor(location: AzureLocation) {
    this.#location = location
    this.place = location.account
      ? `${endpointOf(location.account)}/${location.container}`
      : `of "${location.container}"`
  }

  async put(key: string, content: AsyncIterable<Buffer>): Promise<void> {
    try {
      const opened = await this.#open()
      await (this.#made ??= this.#makeContainer(opened))
      const source = Readable.from(content, { objectMode: false, highWaterMark: 65_536 })
      await opened.container.getBlockBlobClient(key).uploadStream(source, BLOCK_BYTES, BLOCKS_AT_A_TIME, {
        blobHTTPHeaders: {
          blobContentType: 'application/octet-stream',
          blobCacheControl: 'max-age=31536000, immutable',
        },
        conditions: { ifNoneMatch: '*' },
      })
    } catch (error) {
      this.#made = undefined
      throw azureProblem(error, 'write', this.place)
    }
  }

  open(key: string, range?: ByteRange): Readable {
    return Readable.from(this.#read(key, range), { objectMode: false })
  }

  async link(key: string, options: LinkOptions): Promise<string | undefined> {
    try {
      const { links, container } = await this.#open()
      return await links(container.getBlobClient(key), options)
    } catch (error) {
      throw azureProblem(error, 'sign', this.place)
    }
  }

  async size(key: string): Promise<number | undefined> {
    try {
      const { container } = await this.#open()
      return (await container.getBlobClient(key).getProperties(soon())).contentLength
    } catch (error) {
      if (azureStatus(error) === 404) return undefined
      throw azureProblem(error, 'read', this.place)
    }
  }

  async delete(key: string): Promise<void> {
    try {
      await (await this.#open()).container.getBlobClient(key).deleteIfExists(soon())
    } catch (error) {
      throw azureProblem(error, 'write', this.place)
    }
  }

  async *list(): AsyncGenerator<StoredBlob, void, undefined> {
    try {
      const { container } = await this.#open()
      for await (const { name, properties } of container.listBlobsFlat()) {
        if (isOurKey(name)) yield { key: name, modified: properties.lastModified }
      }
    } catch (error) {
      if (azureStatus(error) !== 404) throw azureProblem(error, 'read', this.place)
    }
  }

  /** Readiness is asked every few seconds: the store only once a minute. */
  check(): Promise<void> {
    const now = performance.now()
    if (now - this.#checked.at >= CHECK_EVERY_MS) this.#checked = { at: now, outcome: this.#check() }
    return this.#checked.outcome
  }

  async #check(): Promise<void> {
    const { connection } = this.#location
    try {
      const { container } = await this.#open()
      await container.getProperties({ abortSignal: AbortSignal.timeout(CHECK_TIMEOUT_MS) })
    } catch (error) {
      // With a connection of its own the container is made by the first package; a signature may not see containers.
      if (connection !== undefined && [403, 404].includes(azureStatus(error) ?? 0)) return
      throw azureProblem(error, 'read', this.place)
    }
  }

  async *#read(key: string, range: ByteRange | undefined): AsyncGenerator<Buffer, void, undefined> {
    try {
      const { container } = await this.#open()
      const count = range ? range.end - range.start + 1 : undefined
      const { readableStreamBody } = await container.getBlobClient(key).download(range?.start ?? 0, count)
      if (readableStreamBody) yield* readableStreamBody as AsyncIterable<Buffer>
    } catch (error) {
      throw azureProblem(error, 'read', this.place)
    }
  }

  #open(): Promise<Opened> {
    this.#opening ??= open(this.#location).catch(error => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  /** Only with a key: an identity has a container that was made for it. */
  async #makeContainer({ container, service }: Opened): Promise<void> {
    if ('accountKey' in service.credential) await container.createIfNotExists()
  }
}

const soon = () => ({ abortSignal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })

const endpointOf = (account: string): string =>
  account.includes('://') ? account.replace(/\/+$/, '') : `https://${account}.blob.core.windows.net`

async function open({ connection, account, container, publicUrl, credential }: AzureLocation): Promise<Opened> {
  const azure = await import('@azure/storage-blob')
  const options = { retryOptions: RETRIES }
  const service =
    connection === undefined
      ? new azure.BlobServiceClient(endpointOf(account ?? ''), credential as never, options)
      : azure.BlobServiceClient.fromConnectionString(connection, options)
  return { service, container: service.getContainerClient(container), links: signLinks(azure, service, publicUrl) }
}
