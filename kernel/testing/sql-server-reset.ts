import type { Knex } from 'knex'

/**
 * A batch that brings a migrated database back to its beginning: it deletes all rows, those that refer to others first,
 * and inserts again the rows that the migrations made. To be made while there are no others.
 */
export async function resetScript(knex: Knex): Promise<string> {
  const tables = await childrenFirst(knex)
  const rows: string[] = []
  for (const table of tables.toReversed()) {
    for (const row of (await knex.from(table)) as Record<string, unknown>[]) rows.push(insertion(table, row))
  }
  return [...tables.map(table => `DELETE FROM [${table}]`), ...rows].join(';\n')
}

/** The tables with rows of the product, each before those that it refers to. */
async function childrenFirst(knex: Knex): Promise<string[]> {
  const found: { name: string }[] = await knex.raw('SELECT name FROM sys.tables')
  const references: { child: string; parent: string }[] = await knex.raw(
    'SELECT OBJECT_NAME(parent_object_id) AS child, OBJECT_NAME(referenced_object_id) AS parent FROM sys.foreign_keys',
  )
  const ordered: string[] = []
  const visit = (table: string): void => {
    if (ordered.includes(table)) return
    for (const { child, parent } of references) if (parent === table && child !== table) visit(child)
    ordered.push(table)
  }
  for (const { name } of found) if (!name.endsWith('_schema_history')) visit(name)
  return ordered
}

function insertion(table: string, row: Record<string, unknown>): string {
  const columns = Object.keys(row).map(column => `[${column}]`)
  return `INSERT INTO [${table}] (${columns.join(', ')}) VALUES (${Object.values(row).map(literal).join(', ')})`
}

function literal(value: unknown): string {
  if (value === null) return 'NULL'
  if (typeof value === 'boolean') return value ? '1' : '0'
  return typeof value === 'number' ? String(value) : `N'${String(value).replaceAll("'", "''")}'`
}
