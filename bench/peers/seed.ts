import Database from 'better-sqlite3'
import { type SampleAsset, sampleAsset, sampleSize } from '../sample.ts'

/** A value that SQLite stores. */
export type Stored = string | number | null

const PAGE_INDEX = 'assets_page'

/**
 * Puts the sample straight into a peer's `assets` table, with an index for its page (tenant, time, id) and the file in
 * WAL mode: the peer gets what the hand-written servers have.
 */
export function seedPeer(file: string, toRow: (asset: SampleAsset, i: number) => Record<string, Stored>): void {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  const columns = Object.keys(toRow(sampleAsset(0), 0))
  const insert = db.prepare(`INSERT INTO assets (${columns}) VALUES (${columns.map(name => `@${name}`)})`)
  db.transaction(() => {
    for (let i = 0; i < sampleSize; i++) insert.run(toRow(sampleAsset(i), i))
  })()
  db.exec(`CREATE INDEX ${PAGE_INDEX} ON assets (tenant_id, created_at, id)`)
  db.exec('ANALYZE')
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.close()
}

/** Leaves the table as the peer's own tools make it: without the index for the page. */
export function dropPageIndex(file: string): void {
  const db = new Database(file)
  db.exec(`DROP INDEX ${PAGE_INDEX}`)
  db.close()
}
