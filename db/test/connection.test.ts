import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'ava'
import { loadConfig } from '../../config/load.ts'
import { openDatabase } from '../connection.ts'

/** What `PRAGMA synchronous` answers. */
const [NORMAL, FULL] = [1, 2]

for (const [given, expected] of [
  [{}, FULL],
  [{ SQLITE_SYNCHRONOUS: 'full' }, FULL],
  [{ SQLITE_SYNCHRONOUS: 'normal' }, NORMAL],
] as const) {
  test(`SQLite syncs as SQLITE_SYNCHRONOUS says: ${JSON.stringify(given)}`, async t => {
    const DATA_DIR = await mkdtemp(path.join(tmpdir(), 'monozu-connection-'))
    const database = await openDatabase(loadConfig({ NODE_ENV: 'test', DATA_DIR, ...given }))
    t.teardown(async () => {
      await database.close()
      await rm(DATA_DIR, { recursive: true })
    })
    const rows: { synchronous: number }[] = await database.knex.raw('PRAGMA synchronous')
    t.deepEqual(rows, [{ synchronous: expected }])
  })
}
