import Driver from 'better-sqlite3'
import { groupCommit, type RunTransaction, type Writer } from '../dialects/group-commit.ts'

/** A real SQLite connection that one transaction holds at a time, with what was done to it. */
export interface GroupedWrites {
  readonly run: RunTransaction<Driver.Database>
  /** Writes a name, in a transaction that waits for nothing else. */
  write(name: string): Promise<string>
  /** Names that are stored, in the order they were written. */
  stored(): string[]
  /** `begin`, `savepoint`, `commit` … in order, and what tests add. */
  readonly steps: string[]
  /** How many joined each commit. */
  joined(): number[]
  /** Replaces steps of the writer, such as a commit that fails. */
  readonly writer: Writer<Driver.Database>
  /** The time of the groups, which stands still. */
  readonly clock: { ms: number }
}

/** Opens one in memory, with the table `names` that has a unique `name`. */
export function groupedWrites(): GroupedWrites {
  const database = new Driver(':memory:')
  database.pragma('foreign_keys = ON')
  database.exec(`
    CREATE TABLE owners (id INTEGER PRIMARY KEY);
    CREATE TABLE names (
      name TEXT UNIQUE,
      owner INTEGER REFERENCES owners (id) DEFERRABLE INITIALLY DEFERRED
    );
    CREATE TRIGGER full BEFORE INSERT ON names WHEN new.name = 'too much'
      BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END`)
  const steps: string[] = []
  let free = Promise.resolve()
  let give: () => void = () => undefined
  const step = (name: string, sql: string) => (connection: Driver.Database) => {
    steps.push(name)
    connection.exec(sql)
  }
  const writer: Writer<Driver.Database> = {
    async acquire() {
      const before = free
      const held = Promise.withResolvers<void>()
      free = held.promise
      await before
      give = held.resolve
      return database
    },
    async release() {
      give()
    },
    begin: step('begin', 'BEGIN'),
    savepoint: step('savepoint', 'SAVEPOINT joined'),
    undoToSavepoint: step('undo', 'ROLLBACK TO joined'),
    releaseSavepoint: step('release', 'RELEASE joined'),
    commit: step('commit', 'COMMIT'),
    rollback: step('rollback', 'ROLLBACK'),
    isOpen: connection => connection.inTransaction,
  }
  const clock = { ms: 0 }
  const run = groupCommit(writer, () => clock.ms)
  return {
    run,
    write: name => run(async connection => insert(connection, name), { short: true }),
    stored: () => database.prepare('SELECT name FROM names ORDER BY rowid').pluck().all() as string[],
    steps,
    joined: () =>
      steps
        .join(' ')
        .split('begin')
        .slice(1)
        .map(group => group.split('savepoint').length - 1),
    writer,
    clock,
  }
}

/** Inserts a name; an owner that does not exist is noticed by the commit alone. */
export function insert(connection: Driver.Database, name: string, owner: number | null = null): string {
  connection.prepare('INSERT INTO names (name, owner) VALUES (?, ?)').run(name, owner)
  return name
}

/** How promises ended: their values, or the messages of their errors. */
export async function outcomes(promises: readonly Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(promises)
  return settled.map(one => (one.status === 'fulfilled' ? one.value : `failed: ${(one.reason as Error).message}`))
}
