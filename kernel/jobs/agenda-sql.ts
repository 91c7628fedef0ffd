import type { Knex } from 'knex'
import type { Dialect, Row } from '../../db/database.ts'
import { AGENDA_TABLE } from './agenda-row.ts'

/** The SQL of Agenda's table that Knex cannot build alike for both databases; all of it is here. */
export interface AgendaSql {
  /** Locks the first due job of a name for one caller, skipping rows that others hold; gives the row, or none. */
  claim(knex: Knex, claim: Claim): Promise<Row[]>
  /** Until the transaction ends, nobody else can write a job of this name. */
  holdName(trx: Knex.Transaction, name: string): Promise<unknown>
  /** Narrows a query to rows whose JSON `data` holds `value` at `path`; a path of no keys is the whole document. */
  whereData(query: Knex.QueryBuilder, path: readonly string[], value: unknown): void
}

/** Which job to lock. */
export interface Claim {
  readonly name: string
  /** Unlocked jobs due until then. */
  readonly dueUntil: Date
  /** Locks as old as this have been lost with their holder. */
  readonly lockDeadline: Date
  readonly lockedAt: Date
  readonly by: string | null
}

const DUE = 'name = ? AND disabled = 0 AND ((locked_at IS NULL AND next_run_at <= ?) OR locked_at <= ?)'
const FIRST = 'ORDER BY next_run_at, priority DESC'

const sqlite: AgendaSql = {
  claim: (knex, { name, dueUntil, lockDeadline, lockedAt, by }) =>
    knex.raw(
      `UPDATE ${AGENDA_TABLE} SET locked_at = ?, last_modified_by = ?` +
        ` WHERE id = (SELECT id FROM ${AGENDA_TABLE} WHERE ${DUE} ${FIRST} LIMIT 1) RETURNING *`,
      [lockedAt, by, name, dueUntil, lockDeadline] as Knex.RawBinding[],
    ),
  // A write takes SQLite's only write lock, even when it changes no row.
  holdName: trx => trx.raw(`UPDATE ${AGENDA_TABLE} SET name = name WHERE 1 = 0`),
  whereData(query, path, value) {
    if (path.length === 0) query.where('data', JSON.stringify(value))
    else if (value === null) query.whereRaw("json_type(data, ?) = 'null'", [jsonPath(path)])
    else query.whereRaw('data -> ? = ?', [jsonPath(path), JSON.stringify(value)])
  },
}

/** What OPENJSON calls the types of JSON. */
const JSON_TYPE: Readonly<Record<string, number>> = { string: 1, number: 2, boolean: 3 }

const mssql: AgendaSql = {
  claim: (knex, { name, dueUntil, lockDeadline, lockedAt, by }) =>
    knex.raw(
      // The row found is locked from the look to the write. Asked once more for an engine that takes no hint for it.
      `UPDATE ${AGENDA_TABLE} SET locked_at = ?, last_modified_by = ? OUTPUT inserted.* WHERE ${DUE} AND id =` +
        ` (SELECT TOP (1) id FROM ${AGENDA_TABLE} WITH (ROWLOCK, UPDLOCK, READPAST) WHERE ${DUE} ${FIRST})`,
      [lockedAt, by, name, dueUntil, lockDeadline, name, dueUntil, lockDeadline] as Knex.RawBinding[],
    ),
  holdName: (trx, name) => trx.raw(`SELECT id FROM ${AGENDA_TABLE} WITH (UPDLOCK, HOLDLOCK) WHERE name = ?`, [name]),
  whereData(query, path, value) {
    const at = jsonPath(path)
    if (path.length === 0) query.where('data', JSON.stringify(value))
    else if (value === null) query.whereRaw('JSON_PATH_EXISTS(data, ?) = 1 AND JSON_VALUE(data, ?) IS NULL', [at, at])
    else if (typeof value === 'object') query.whereRaw('JSON_QUERY(data, ?) = ?', [at, JSON.stringify(value)])
    else {
      // JSON_VALUE gives 5 and "5" alike; OPENJSON tells the types apart.
      const member = [jsonPath(path.slice(0, -1)), path.at(-1) as string, String(value), JSON_TYPE[typeof value] ?? 0]
      query.whereRaw(
        'EXISTS (SELECT 1 FROM OPENJSON(data, ?) AS member WHERE member.[key] = ? AND member.value = ? AND member.type = ?)',
        member,
      )
    }
  },
}

/** `$."a"."b"`. Keys are bound to letters, digits, `_` and `-`: the databases disagree on how to escape others. */
function jsonPath(path: readonly string[]): string {
  for (const key of path) {
    if (!/^[\w-]+$/.test(key)) throw new TypeError(`"${key}" cannot be a key in a filter on job data`)
  }
  return `$${path.map(key => `."${key}"`).join('')}`
}

/** Agenda's SQL for a database. */
export const agendaSql = (dialect: Dialect): AgendaSql => (dialect.name === 'mssql' ? mssql : sqlite)
