import type { JobRepository } from 'agenda'
import test, { type ExecutionContext } from 'ava'
import type { Database } from '../../../db/database.ts'
import { newId } from '../../../kernel/data/id.ts'
import type { JobStore } from '../../../kernel/jobs/job-store.ts'
import { mongoStore } from '../../../kernel/jobs/mongo-store.ts'
import { sqlStore } from '../../../kernel/jobs/sql-store.ts'
import { mongoServer, noLockingMongo, noMongo } from './mongo-server.ts'

/** `test`, or `test.serial` for tests with processes of their own. */
export type Register = (title: string, run: (t: ExecutionContext) => Promise<void>) => void

/** The store of one test, as several processes see it: each call opens it again, for a process with this database. */
export type StoreOf = (database: Database) => JobStore

/**
 * Registers a test twice: with Agenda's jobs in the SQL database, and in MongoDB, or skipped where there is none.
 * `url` is for processes of their own: undefined in the SQL database.
 */
export function onEachStore(
  title: string,
  run: (t: ExecutionContext, storeOf: StoreOf, url: string | undefined) => Promise<void>,
  register: Register = test,
): void {
  register(`SQL: ${title}`, t => run(t, sqlStore, undefined))
  onMongo(title, async (t, url) => run(t, () => mongoStore(url), url), register)
}

/** Registers a test that gets the URL of an empty database in MongoDB. */
export function onMongo(
  title: string,
  run: (t: ExecutionContext, url: string) => Promise<void>,
  register: Register = test,
): void {
  if (noMongo) test.skip(`MongoDB: ${title} (${noMongo})`, () => undefined)
  else register(`MongoDB: ${title}`, async t => run(t, await emptyMongo(t)))
}

/** The same, for what MongoDB does in one step and FerretDB 1.x in two. */
export const onLockingMongo: typeof onMongo = (title, run) => {
  if (noLockingMongo) test.skip(`MongoDB: ${title} (${noLockingMongo})`, () => undefined)
  else onMongo(title, run)
}

/** The URL of a database in MongoDB of the test's own, dropped after it. */
async function emptyMongo(t: ExecutionContext): Promise<string> {
  const url = `${await mongoServer()}test-${newId()}`
  t.teardown(async () => {
    const { MongoClient } = await import('mongodb')
    const client = new MongoClient(url)
    await client.db().dropDatabase()
    await client.close()
  })
  return url
}

/** Looks into a store beside the scheduler, until the end of the test. */
export async function inside(t: ExecutionContext, store: JobStore): Promise<JobRepository> {
  const { repository } = await store.open()
  t.teardown(() => store.close())
  return repository
}
