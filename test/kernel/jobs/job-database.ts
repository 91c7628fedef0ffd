import type { ExecutionContext } from 'ava'
import type { Database } from '../../../db/database.ts'
import { newId } from '../../../kernel/data/id.ts'
import { openPlace, openPlaceAgain, testDatabase, testPlace } from '../../../kernel/testing/test-database.ts'

/** An empty, migrated database of the test's own, deleted after it: a file, or a URL. */
export const databaseFile = (t: ExecutionContext): Promise<string> => testPlace(t)

/** Opens it until the end of the test. */
export const open = (t: ExecutionContext, place: string): Promise<Database> => untilTheEnd(t, openPlace(place))

/** Opens it a second time, as another process would. */
export const openAgain = (t: ExecutionContext, place: string): Promise<Database> =>
  untilTheEnd(t, openPlaceAgain(place))

/** An empty database of the test's own. */
export const emptyDatabase = (t: ExecutionContext): Promise<Database> => testDatabase(t)

async function untilTheEnd(t: ExecutionContext, opening: Promise<Database>): Promise<Database> {
  const database = await opening
  t.teardown(() => database.close())
  return database
}

/** Adds a tenant; answers its id. */
export async function addTenant(database: Database): Promise<string> {
  const id = newId()
  const now = new Date()
  await database.knex('tenants').insert({ id, name: id, account_name: id, created_at: now, updated_at: now })
  return id
}
