import Database from 'better-sqlite3'
import { sampleAsset, sampleSize, sampleTenant } from './sample.ts'

/** The columns of the `assets` table, in the order of the API's fields; `cpes` is JSON text. */
export const assetColumns = [
  'id',
  'name',
  'type',
  'site_id',
  'producer',
  'model',
  'version',
  'ip_address',
  'mac_address',
  'criticality',
  'lifecycle',
  'cpes',
  'created_at',
  'updated_at',
] as const

/** A row of `assets` as SQLite gives it: every column text, `site_id` null when the asset stands nowhere. */
export type StoredAsset = Record<Exclude<(typeof assetColumns)[number], 'site_id'>, string> & { site_id: string | null }

/**
 * Opens the SQLite file, and fills it with the sample of one tenant when it has no `assets` table yet. WAL and
 * `synchronous = FULL`, as the product's embedded default has it.
 */
export function openSampleFile(file: string): Database.Database {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  const made = db.prepare(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'assets'`).get()
  if (made === undefined) fill(db)
  return db
}

function fill(db: Database.Database): void {
  const columns = assetColumns.map(column => (column === 'id' ? 'id TEXT PRIMARY KEY' : `${column} TEXT`))
  db.exec(`CREATE TABLE assets (${columns.join(', ')}, tenant_id TEXT NOT NULL)`)
  db.exec('CREATE INDEX assets_page ON assets (tenant_id, created_at, id)')
  const names = [...assetColumns, 'tenant_id']
  const insert = db.prepare(`INSERT INTO assets (${names}) VALUES (${names.map(name => `@${name}`)})`)
  db.transaction(() => {
    for (let i = 0; i < sampleSize; i++) {
      const asset = sampleAsset(i)
      insert.run({ ...asset, cpes: JSON.stringify(asset.cpes), tenant_id: sampleTenant })
    }
  })()
}
