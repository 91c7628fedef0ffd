import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { Database } from './database.ts'
import { openSqlite } from './dialects/sqlite.ts'

/** The settings that decide which database is opened (see `config/schema.ts`). */
export interface DatabaseSettings {
  readonly DATA_DIR: string
  readonly SQLITE_SYNCHRONOUS?: 'full' | 'normal' | undefined
  readonly DATABASE_URL?: string | undefined
  readonly DATABASE_URL_PLATFORM_ADMIN?: string | undefined
  readonly SQL_SERVER?: string | undefined
  readonly SQL_DATABASE?: string | undefined
  readonly AZURE_CLIENT_ID?: string | undefined
  readonly IS_DEV?: boolean | undefined
}

/** Opens SQL Server when the settings name one, else the embedded database in `DATA_DIR`. */
export async function openDatabase(settings: DatabaseSettings): Promise<Database> {
  if (settings.SQL_SERVER || settings.DATABASE_URL) {
    const { openMssql } = await import('./dialects/mssql.ts')
    return openMssql(settings)
  }
  mkdirSync(settings.DATA_DIR, { recursive: true })
  return openSqlite({
    filename: path.join(settings.DATA_DIR, 'monozu.db'),
    synchronous: settings.SQLITE_SYNCHRONOUS ?? 'full',
  })
}
