import type { Knex } from 'knex'
import type { Database } from './database.ts'

/** One row of Flyway's history table. */
export interface HistoryRow {
  readonly installed_rank: number
  readonly version: string | null
  readonly description: string
  readonly type: string
  readonly script: string
  readonly checksum: number | null
  readonly installed_on: string
  readonly success: boolean
}

/** A migration that has just run. */
export interface AppliedMigration {
  readonly version: number
  readonly description: string
  readonly script: string
  readonly checksum: number
  /** Milliseconds. */
  readonly executionTime: number
}

const INSTALLED_BY = 'monozu-cloud-backend'

/** The table as Flyway itself creates it, on each database. */
const CREATE: Record<Database['dialect']['name'], (table: string) => readonly string[]> = {
  sqlite: table => [
    `CREATE TABLE IF NOT EXISTS "${table}" (
    "installed_rank" INT NOT NULL PRIMARY KEY,
    "version" VARCHAR(50),
    "description" VARCHAR(200) NOT NULL,
    "type" VARCHAR(20) NOT NULL,
    "script" VARCHAR(1000) NOT NULL,
    "checksum" INT,
    "installed_by" VARCHAR(100) NOT NULL,
    "installed_on" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now')),
    "execution_time" INT NOT NULL,
    "success" BOOLEAN NOT NULL
)`,
    `CREATE INDEX IF NOT EXISTS "${table}_s_idx" ON "${table}" ("success")`,
  ],
  mssql: table => [
    `IF OBJECT_ID(N'[dbo].[${table}]', N'U') IS NULL
BEGIN
  CREATE TABLE [dbo].[${table}] (
    [installed_rank] INT NOT NULL,
    [version] NVARCHAR(50),
    [description] NVARCHAR(200),
    [type] NVARCHAR(20) NOT NULL,
    [script] NVARCHAR(1000) NOT NULL,
    [checksum] INT,
    [installed_by] NVARCHAR(100) NOT NULL,
    [installed_on] DATETIME NOT NULL DEFAULT GETDATE(),
    [execution_time] INT NOT NULL,
    [success] BIT NOT NULL,
    CONSTRAINT [${table}_pk] PRIMARY KEY ([installed_rank])
  );
  CREATE INDEX [${table}_s_idx] ON [dbo].[${table}] ([success]);
END`,
  ],
}

/** Flyway's history of one set of migrations. */
export class History {
  readonly #table: string
  readonly #dialect: Database['dialect']['name']

  /** @param table letters, digits, `_` and `-` only */
  constructor(table: string, dialect: Database['dialect']['name']) {
    if (!/^[\w-]{1,120}$/.test(table)) throw new Error(`"${table}" cannot be the name of a history table`)
    this.#table = table
    this.#dialect = dialect
  }

  async create(trx: Knex.Transaction): Promise<void> {
    for (const statement of CREATE[this.#dialect](this.#table)) await trx.raw(statement)
  }

  /** Every row by rank. */
  async rows(trx: Knex.Transaction): Promise<readonly HistoryRow[]> {
    const rows = (await trx.select('*').from(this.#table).orderBy('installed_rank')) as HistoryRow[]
    return rows.map(row => ({ ...row, success: Boolean(row.success) }))
  }

  async add(trx: Knex.Transaction, migration: AppliedMigration): Promise<void> {
    const last = (await trx(this.#table).max({ rank: 'installed_rank' }).first()) as { rank: number | null } | undefined
    await trx(this.#table).insert({
      installed_rank: (last?.rank ?? 0) + 1,
      version: String(migration.version),
      description: migration.description,
      type: 'SQL',
      script: migration.script,
      checksum: migration.checksum,
      installed_by: INSTALLED_BY,
      execution_time: migration.executionTime,
      success: true,
    })
  }
}
