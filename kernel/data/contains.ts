import type { Knex } from 'knex'

/** The text with LIKE's wildcards taken for what they are. */
const LITERAL = "replace(replace(replace(?, '\\', '\\\\'), '%', '\\%'), '_', '\\_')"
const SQLITE = `?? LIKE '%' || ${LITERAL} || '%' ESCAPE '\\'`
const SQL_SERVER = 'CHARINDEX(?, ??) > 0'

/**
 * A condition: the column contains the text as it stands, whatever the case of its letters from A to Z. Joined by AND.
 * Both databases look at every row for it.
 */
export function whereContains(query: Knex.QueryBuilder, column: string, text: string): Knex.QueryBuilder {
  return query.client.dialect === 'mssql'
    ? query.whereRaw(SQL_SERVER, [text, column])
    : query.whereRaw(SQLITE, [column, text])
}
