import knexModule, { type Knex } from 'knex'
import type { Dialect } from './database.ts'
import type { DialectSql, Migration, SchemaSteps, TableSteps, TenantTableOptions } from './migration.ts'
import { TableRecorder } from './table-recorder.ts'

type DialectName = Dialect['name']

/** A migration as statements of one dialect, each of them a batch of its own. */
export interface RecordedMigration {
  readonly statements: readonly string[]
  /** Tenant tables that this migration made. */
  readonly tenantTables: readonly string[]
}

/** What is around a migration when it is recorded. */
export interface RecordingContext {
  /** Tenant tables of earlier migrations. */
  readonly tenantTables: readonly string[]
  /** Whether row-level security is already on, so that new tenant tables must join it: after V29, and in plugins. */
  readonly secured: boolean
}

const builders = new Map<DialectName, Knex>()

/** A Knex that only compiles: it has no connection and loads no driver. */
function compilerFor(dialect: DialectName): Knex {
  const known = builders.get(dialect)
  if (known) return known
  const client = dialect === 'sqlite' ? 'better-sqlite3' : 'mssql'
  const config = { client, useNullAsDefault: true, formatting: true }
  const made = knexModule(config)
  builders.set(dialect, made)
  return made
}

/** Turns a migration into the statements of a dialect. Needs no connection. */
export function recordMigration(
  migration: Migration,
  dialect: DialectName,
  context: RecordingContext,
): RecordedMigration {
  const recorder = new SchemaRecorder(dialect, context)
  migration.up(recorder)
  return { statements: recorder.statements, tenantTables: recorder.ownTenantTables }
}

/** The two statements that put a table under row-level security, for use behind ADD or ALTER. */
export function securityPredicates(table: string): readonly string[] {
  const target = `[dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[${table}]`
  return [`ADD FILTER PREDICATE ${target}`, `ADD BLOCK PREDICATE ${target}`]
}

class SchemaRecorder implements SchemaSteps {
  readonly statements: string[] = []
  readonly ownTenantTables: string[] = []
  readonly tenantTables: readonly string[]
  readonly #dialect: DialectName
  readonly #knex: Knex
  readonly #secured: boolean

  constructor(dialect: DialectName, context: RecordingContext) {
    this.#dialect = dialect
    this.#knex = compilerFor(dialect)
    this.#secured = context.secured
    this.tenantTables = context.tenantTables
  }

  tenantTable(name: string, columns: (table: TableSteps) => void, options: TenantTableOptions = {}): void {
    this.#create(name, table => {
      table.uuid('id')
      const tenant = table.tenant()
      if (options.platformRows) tenant.nullable()
      columns(table)
      table.time('created_at')
      table.listedBy(['tenant_id', 'created_at', 'id'], ['id'])
    })
  }

  tenantKeyedTable(name: string, key: readonly string[], columns: (table: TableSteps) => void): void {
    this.#create(name, table => {
      table.tenant()
      columns(table)
      table.primary(['tenant_id', ...key])
    })
  }

  table(name: string, columns: (table: TableSteps) => void): void {
    this.#create(name, columns)
  }

  addColumns(name: string, columns: (table: TableSteps) => void): void {
    const recorded = TableRecorder.alter(this.#knex, this.#dialect, name, columns)
    this.statements.push(...recorded.statements)
  }

  renameColumn(table: string, from: string, to: string): void {
    this.sql({
      sqlite: [`ALTER TABLE \`${table}\` RENAME COLUMN \`${from}\` TO \`${to}\``],
      mssql: [`EXEC sp_rename N'${table}.${from}', N'${to}', N'COLUMN'`],
    })
  }

  dropColumn(table: string, column: string): void {
    this.sql({
      sqlite: [`ALTER TABLE \`${table}\` DROP COLUMN \`${column}\``],
      mssql: [
        `ALTER TABLE [${table}] DROP CONSTRAINT IF EXISTS [${table}_${column}_default]`,
        `ALTER TABLE [${table}] DROP COLUMN [${column}]`,
      ],
    })
  }

  dropIndex(table: string, columns: readonly string[]): void {
    const index = TableRecorder.indexName(table, columns)
    this.sql({ sqlite: [`DROP INDEX \`${index}\``], mssql: [`DROP INDEX [${index}] ON [${table}]`] })
  }

  sql(statement: string | DialectSql): void {
    if (typeof statement === 'string') this.statements.push(statement)
    else this.statements.push(...(statement[this.#dialect] ?? []))
  }

  #create(name: string, columns: (table: TableRecorder) => void): void {
    const recorded = TableRecorder.create(this.#knex, this.#dialect, name, columns)
    this.statements.push(...recorded.statements)
    if (!recorded.ofTenants) return
    this.ownTenantTables.push(name)
    if (this.#secured && this.#dialect === 'mssql') {
      this.statements.push(`ALTER SECURITY POLICY [dbo].[rls_tenant]\n  ${securityPredicates(name).join(',\n  ')}`)
    }
  }
}
