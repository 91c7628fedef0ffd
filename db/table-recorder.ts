import type { Knex } from 'knex'
import type { Dialect } from './database.ts'
import type { Column, IndexOptions, TableSteps } from './migration.ts'

type DialectName = Dialect['name']

/** One table as statements of a dialect. */
export interface RecordedTable {
  readonly statements: readonly string[]
  /** Whether its rows belong to tenants. */
  readonly ofTenants: boolean
}

interface Reference {
  readonly column: string
  readonly table: string
  readonly onDelete?: 'cascade' | undefined
}

/** Records the columns of one table through Knex's table builder, and its keys and indexes as SQL. */
export class TableRecorder implements TableSteps {
  readonly #table: string
  readonly #dialect: DialectName
  readonly #builder: Knex.CreateTableBuilder
  readonly #references: Reference[] = []
  readonly #after: string[] = []
  #ofTenants = false

  private constructor(table: string, dialect: DialectName, builder: Knex.CreateTableBuilder) {
    this.#table = table
    this.#dialect = dialect
    this.#builder = builder
  }

  /** The name of the index on these columns. */
  static indexName(table: string, columns: readonly string[]): string {
    return `${table}_${columns.join('_')}_index`
  }

  static create(
    knex: Knex,
    dialect: DialectName,
    name: string,
    columns: (table: TableRecorder) => void,
  ): RecordedTable {
    return TableRecorder.#record(columns, recorded => {
      const create = knex.schema.createTable(name, builder => {
        const recorder = recorded(new TableRecorder(name, dialect, builder))
        for (const { column, table, onDelete } of recorder.#references) {
          const reference = builder.foreign(column).references('id').inTable(table)
          if (onDelete) reference.onDelete(onDelete)
        }
      })
      return statementsOf(create)
    })
  }

  static alter(knex: Knex, dialect: DialectName, name: string, columns: (table: TableRecorder) => void): RecordedTable {
    return TableRecorder.#record(columns, recorded => {
      const references: Reference[] = []
      const alter = knex.schema.alterTable(name, builder => {
        references.push(...recorded(new TableRecorder(name, dialect, builder)).#references)
      })
      return addReferences(statementsOf(alter).flatMap(oneByOne), dialect, name, references)
    })
  }

  /** Knex calls its builder while it compiles, so the recorder is there only after `compile`. */
  static #record(
    columns: (table: TableRecorder) => void,
    compile: (recorded: (recorder: TableRecorder) => TableRecorder) => readonly string[],
  ): RecordedTable {
    const recorders: TableRecorder[] = []
    const statements = compile(recorder => {
      recorders.push(recorder)
      columns(recorder)
      return recorder
    })
    return {
      statements: [...statements, ...recorders.flatMap(recorder => recorder.#after)],
      ofTenants: recorders.some(recorder => recorder.#ofTenants),
    }
  }

  uuid(name: string): Column {
    return this.#builder.uuid(name).notNullable()
  }

  string(name: string, length: number): Column {
    return this.#builder.string(name, length).notNullable()
  }

  text(name: string): Column {
    return this.#builder.text(name).notNullable()
  }

  json(name: string): Column {
    return this.text(name)
  }

  time(name: string): Column {
    return this.#builder.specificType(name, this.#dialect === 'mssql' ? 'datetime2(3)' : 'text').notNullable()
  }

  date(name: string): Column {
    return this.string(name, 10)
  }

  boolean(name: string): Column {
    return this.#builder.boolean(name).notNullable()
  }

  integer(name: string): Column {
    return this.#builder.integer(name).notNullable()
  }

  bigint(name: string): Column {
    return this.#builder.bigInteger(name).notNullable()
  }

  number(name: string): Column {
    return this.#builder.double(name).notNullable()
  }

  sequence(name: string): Column {
    return this.#builder.bigIncrements(name)
  }

  tenant(): Column {
    this.#ofTenants = true
    this.references('tenant_id', 'tenants')
    return this.uuid('tenant_id')
  }

  revised(): void {
    this.integer('revision').defaultTo(1)
    this.time('updated_at')
  }

  primary(columns: readonly string[]): void {
    this.#builder.primary([...columns])
  }

  references(column: string, table: string, onDelete?: 'cascade'): void {
    this.#references.push({ column, table, onDelete })
  }

  index(columns: readonly string[], options: IndexOptions = {}): void {
    this.#addIndex('INDEX', columns, options.where)
  }

  unique(columns: readonly string[], options: IndexOptions & { readonly whenPresent?: string } = {}): void {
    // SQLite lets nulls repeat by itself, and its ON CONFLICT wants the index without a condition.
    const present = options.whenPresent && this.#dialect === 'mssql' ? `${options.whenPresent} IS NOT NULL` : undefined
    const where = [present, options.where].filter(Boolean).join(' AND ')
    this.#addIndex('UNIQUE INDEX', columns, where)
  }

  /** The order in which rows are kept and listed, with the primary key apart from it. */
  listedBy(order: readonly string[], key: readonly string[]): void {
    if (this.#dialect === 'mssql') {
      this.#addIndex('UNIQUE CLUSTERED INDEX', order)
      const columns = key.map(column => `[${column}]`).join(', ')
      const name = `[${this.#table}_pkey]`
      this.#after.push(`ALTER TABLE [${this.#table}] ADD CONSTRAINT ${name} PRIMARY KEY NONCLUSTERED (${columns})`)
    } else {
      this.primary(key)
      this.index(order)
    }
  }

  #addIndex(kind: string, columns: readonly string[], where?: string): void {
    const quote = (name: string) => (this.#dialect === 'mssql' ? `[${name}]` : `\`${name}\``)
    const name = quote(TableRecorder.indexName(this.#table, columns))
    const condition = where ? ` WHERE ${where}` : ''
    this.#after.push(`CREATE ${kind} ${name} ON ${quote(this.#table)} (${columns.map(quote).join(', ')})${condition}`)
  }
}

function statementsOf(schema: Knex.SchemaBuilder): readonly string[] {
  const compiled = schema.toSQL() as unknown as readonly { sql: string; bindings?: readonly unknown[] }[]
  return compiled.map(({ sql, bindings }) => {
    if (bindings?.length) throw new Error(`a migration's SQL cannot have bindings: ${sql}`)
    return sql
  })
}

/**
 * `ALTER TABLE [t] ADD [a] int, [b] int` as a statement for each column: not every engine that speaks T-SQL takes them
 * together.
 */
function oneByOne(statement: string): string[] {
  const [, head, columns] = /^(ALTER TABLE \[\w+\] ADD )(\[.*)$/s.exec(statement) ?? []
  if (head === undefined || columns === undefined) return [statement]
  return columns.split(/,\s*(?=\[\w+\] )/).map(column => head + column)
}

/** SQLite takes a reference only with its column, SQL Server as a constraint of its own. */
function addReferences(
  statements: readonly string[],
  dialect: DialectName,
  table: string,
  references: readonly Reference[],
): string[] {
  if (dialect === 'mssql') {
    const constraints = references.map(({ column, table: target, onDelete }) => {
      const cascade = onDelete ? ' ON DELETE CASCADE' : ''
      const name = `[${table}_${column}_foreign]`
      return `ALTER TABLE [${table}] ADD CONSTRAINT ${name} FOREIGN KEY ([${column}]) REFERENCES [${target}] ([id])${cascade}`
    })
    return [...statements, ...constraints]
  }
  return statements.map(statement => {
    const reference = references.find(({ column }) => statement.includes(`add column \`${column}\` `))
    if (!reference) return statement
    const cascade = reference.onDelete ? ' ON DELETE CASCADE' : ''
    return `${statement} REFERENCES \`${reference.table}\` (\`id\`)${cascade}`
  })
}
