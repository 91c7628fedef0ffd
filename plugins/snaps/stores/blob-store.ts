import type { Readable } from 'node:stream'
import type { ByteRange } from '../services/byte-range.ts'

/** How a blob is handed out. */
export interface LinkOptions {
  /** The name under which it is saved. */
  readonly filename: string
  readonly expires: Date
}

/** A blob as a list shows it. */
export interface StoredBlob {
  readonly key: string
  readonly modified: Date
}

/**
 * Where packages are kept. Keys are made by us, from ids. Whatever goes wrong is thrown as a `Problem`:
 * `storage_full`, `blob_store_read_only`, `blob_store_unavailable`.
 */
export interface BlobStore {
  /** What it is, for the log: a folder, an address. */
  readonly place: string
  /** Stores a blob, all of it or nothing. What `content` throws is thrown. */
  put(key: string, content: AsyncIterable<Buffer>): Promise<void>
  /** Opens a blob, or a part of it, when it is first read. */
  open(key: string, range?: ByteRange): Readable
  /** An address from which anybody can download the blob for a while; undefined: this server hands it out. */
  link(key: string, options: LinkOptions): Promise<string | undefined>
  /** Its size in bytes; undefined when it is not there. */
  size(key: string): Promise<number | undefined>
  /** Does nothing when it is not there. */
  delete(key: string): Promise<void>
  /** Everything that looks like a blob of ours, what was left half written included. */
  list(): AsyncIterable<StoredBlob>
  /** Rejects when it cannot be used; within some seconds. */
  check(): Promise<void>
}

/** The key of a new package. */
export const keyOf = (id: string): string => `${id}.snap`

/** True for keys that we made, and for what they are called while they are written. */
export const isOurKey = (key: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.snap(\.part)?$/.test(key)
