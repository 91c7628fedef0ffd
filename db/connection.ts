import path from 'node:path'
import { makeFolder } from '../config/make-folder.ts'
import type { Database } from './database.ts'
import { DatabaseUnusable, openSqlite } from './dialects/sqlite.ts'

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
  readonly SQL_POOL_SIZE?: number | undefined
  readonly SQL_POOL_WAIT_SECONDS?: number | undefined
}

/** Opens SQL Server when the settings name one, else the embedded database in `DATA_DIR`. */
export async function openDatabase(settings: DatabaseSettings): Promise<Database> {
  if (settings.SQL_SERVER || settings.DATABASE_URL) {
    const { openMssql } = await import('./dialects/mssql.ts')
    return openMssql(settings)
  }
  const folder = path.resolve(settings.DATA_DIR)
  try {
    makeFolder(folder)
  } catch (error) {
    throw new DatabaseUnusable(`DATA_DIR ${folder} cannot be made: ${(error as Error).message}`, { cause: error })
  }
  return openSqlite({
    filename: path.join(folder, 'monozu.db'),
    synchronous: settings.SQLITE_SYNCHRONOUS ?? 'full',
  })
}
