import type { Knex } from 'knex'

/**
 * One step of the schema's history: a file `migrations/V<version>__<description>.ts` that exports it as its default.
 * Version, description and script name come from the file name, as in Flyway. A released migration is never edited.
 */
export interface Migration {
  readonly up: (schema: SchemaSteps) => void
}

/** Declares a migration. `up` only records steps: it runs without a connection and once for each dialect. */
export function migration(up: (schema: SchemaSteps) => void): Migration {
  return Object.freeze({ up })
}

/** One statement, or several, where the databases differ. A missing dialect has nothing to do. */
export interface DialectSql {
  readonly sqlite?: readonly string[]
  readonly mssql?: readonly string[]
}

/** What a migration can do, in the order it is called. */
export interface SchemaSteps {
  /** Names of the tenant tables that earlier migrations made, in order. Only filled when T-SQL is rendered. */
  readonly tenantTables: readonly string[]
  /**
   * A table of records that belong to a tenant: `id` uuid, `tenant_id`, your columns, `created_at`.
   * Listed by (tenant_id, created_at, id): on SQL Server the rows are clustered so, with a non-clustered primary key.
   */
  tenantTable(name: string, columns: (table: TableSteps) => void, options?: TenantTableOptions): void
  /** A tenant's table without an id of its own: links, or one row a tenant. Its key is (tenant_id, ...key). */
  tenantKeyedTable(name: string, key: readonly string[], columns: (table: TableSteps) => void): void
  /** A table of the platform. A `tenant` column makes it a tenant table, too. */
  table(name: string, columns: (table: TableSteps) => void): void
  /** New columns, indexes and references. A new column must be nullable or have a default. */
  addColumns(table: string, columns: (table: TableSteps) => void): void
  renameColumn(table: string, from: string, to: string): void
  /** Drops a column and its default. Drop its indexes first; a column with a reference cannot be dropped on SQLite. */
  dropColumn(table: string, column: string): void
  /** Drops the index that `table.index(columns)` or `table.unique(columns)` made. */
  dropIndex(table: string, columns: readonly string[]): void
  /** SQL that both databases understand, or SQL for each. A statement becomes a batch of its own on SQL Server. */
  sql(statement: string | DialectSql): void
}

/** What differs in a tenant table. */
export interface TenantTableOptions {
  /** Whether rows without a tenant may be: they belong to the platform, and only platform work sees them. */
  readonly platformRows?: boolean
}

/** How an index is limited. */
export interface IndexOptions {
  /** A condition in SQL that both databases understand: only rows that meet it are in the index. */
  readonly where?: string
}

/** A column that may be changed with `.nullable()` and `.defaultTo(value)`. Columns are NOT NULL unless said otherwise. */
export type Column = Knex.ColumnBuilder

/** The columns, keys and indexes of one table. */
export interface TableSteps {
  /** uniqueidentifier; lower-case text on SQLite. */
  uuid(name: string): Column
  /** Text of at most `length` characters (nvarchar; SQLite does not enforce the length). */
  string(name: string, length: number): Column
  /** Text of any length. */
  text(name: string): Column
  /** A JSON document, as text. */
  json(name: string): Column
  /** A moment: datetime2(3) in UTC; ISO 8601 text on SQLite. */
  time(name: string): Column
  /** A calendar day as text, YYYY-MM-DD. */
  date(name: string): Column
  boolean(name: string): Column
  integer(name: string): Column
  bigint(name: string): Column
  /** A double-precision number. */
  number(name: string): Column
  /** A rising bigint that the database gives; it is the primary key. */
  sequence(name: string): Column
  /** `tenant_id`, with its reference to `tenants`; the table is then under row-level security. */
  tenant(): Column
  /** `revision` (1 at first, one more with each change: the ETag) and `updated_at`. */
  revised(): void
  /** The primary key of a `table`. The first one is also the order of the rows on SQL Server. */
  primary(columns: readonly string[]): void
  /** A foreign key to `id` of another table. Only owned rows cascade: SQL Server refuses a second cascade path. */
  references(column: string, table: string, onDelete?: 'cascade'): void
  index(columns: readonly string[], options?: IndexOptions): void
  /** A unique index. `whenPresent` names a nullable column: rows where it is null are free to repeat. */
  unique(columns: readonly string[], options?: IndexOptions & { readonly whenPresent?: string }): void
}
