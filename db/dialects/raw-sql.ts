import type { Knex } from 'knex'

const QUOTED = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]/g

/**
 * True for SQL that stays within brackets put around it: its own are closed in order, and no comment, quote or semicolon
 * could take in or cut off what follows.
 */
export function isClosed(sql: string): boolean {
  const bare = sql.replace(QUOTED, '')
  if (/--|\/\*|[;'"`[]/.test(bare)) return false
  let depth = 0
  for (const character of bare) {
    if (character === '(') depth += 1
    else if (character === ')' && --depth < 0) return false
  }
  return depth === 0
}

/** A part of a builder of Knex: a condition, an order, a join. */
type Part = Record<string, unknown>

/** What Knex hands to functions that build: conditions in brackets, sub-queries, joins. */
interface Building {
  _statements?: Part[]
  clauses?: Part[]
}

const isRaw = (value: unknown): value is Knex.Raw =>
  typeof value === 'object' && value !== null && 'isRawInstance' in value

const isQuery = (value: unknown): value is Building & { clone(): Building } =>
  typeof value === 'object' && value !== null && '_statements' in value

/**
 * Parts whose raw SQL was checked; what a function is going to add is checked once it has run.
 * @param refuse called with SQL that is not closed; throws
 */
export const closedParts = <P extends object>(parts: readonly P[], refuse: (sql: string) => never): P[] =>
  parts.map(part => {
    const { column, value } = part as Part
    const checked = { column: closed(column, refuse), value: closed(value, refuse) }
    if (checked.column === column && checked.value === value) return part
    return Object.assign(Object.create(Object.getPrototypeOf(part)), part, checked) as P
  })

/** A value whose raw SQL was checked. */
export function closed(value: unknown, refuse: (sql: string) => never): unknown {
  if (isRaw(value)) {
    const { sql } = value.toSQL()
    return isClosed(sql) ? value : refuse(sql)
  }
  if (Array.isArray(value)) {
    const checked = value.map(one => closed(one, refuse))
    return checked.every((one, at) => one === value[at]) ? value : checked
  }
  if (isQuery(value)) {
    const checked = closedParts(value._statements ?? [], refuse)
    if (checked.every((one, at) => one === value._statements?.[at])) return value
    return Object.assign(value.clone(), { _statements: checked })
  }
  if (typeof value !== 'function') return value
  return function (this: unknown, building: Building, ...more: unknown[]): unknown {
    const answer: unknown = value.call(this, building, ...more)
    if (building._statements) building._statements = closedParts(building._statements, refuse)
    if (building.clauses) building.clauses = closedParts(building.clauses, refuse)
    return answer
  }
}
