import { symlinkSync } from 'node:fs'
import type { Database } from '../../../db/database.ts'
import { openSqlite } from '../../../db/dialects/sqlite.ts'
import { newId } from '../../../kernel/data/id.ts'
import { openPlaceAgain } from '../../../kernel/testing/test-database.ts'

/**
 * Opens a test's database beside other processes. On a file they wait for each other as long as a write takes on a busy
 * machine, which handles of one thread could not.
 */
export function openBeside(place: string): Promise<Database> {
  if (place.includes('://')) return openPlaceAgain(place)
  // The lock that keeps two processes off one file goes by its name, and SQLite follows the link.
  const filename = `${place}.${newId()}`
  symlinkSync(place, filename)
  return openSqlite({ filename, synchronous: 'normal', busyMs: 20_000 })
}
