import type { ServerProcess } from '../server-process.ts'

/**
 * Another product that runs here with the same sample: 20,000 assets of one tenant on SQLite, in production mode, its
 * log, rate limits and telemetry off.
 */
export interface Peer extends ServerProcess {
  /** Name and version. */
  name: string
  /** 50 assets of the tenant, newest first, in the peer's own shape. */
  listUrl: string
  /** The same page with the total of rows, for a peer that counts unless told not to; `listUrl` tells it not to. */
  countedListUrl?: string
  /** One asset by id. */
  readUrl: string
  /** Where `createBody(i)` is posted. */
  createUrl: string
  /** The bearer token of a user who may read and create assets and nothing else. */
  headers: Record<string, string>
  createBody(i: number): unknown
}
