/** What is told of a statement: never its values, which are not part of it. */
export interface StatementShape {
  /** `SELECT assets` */
  readonly name: string
  /** In capitals; `SQL` for what has no usual beginning. */
  readonly operation: string
  readonly table: string | undefined
  /** With `?` in place of each value; cut after 2,048 characters. */
  readonly text: string
}

const LONGEST = 2_048
const MOST_KNOWN = 1_000
const known = new Map<string, StatementShape>()

const OPERATION = /^[\s(;]*(?:with\b.*?\)\s*)?(select|insert|update|delete|merge|create|alter|drop|exec(?:ute)?)\b/is
const TABLE = /\b(?:from|into|update|join|table(?:\s+if(?:\s+not)?\s+exists)?)\s+[`"[]?(?!select\b)(\w+)/i
const LITERAL = /N?'(?:[^']|'')*'/g

/** The shape of a statement. Statements repeat, so the answer is kept. */
export function shapeOf(sql: string): StatementShape {
  const answer = known.get(sql)
  if (answer) return answer
  const operation = OPERATION.exec(sql)?.[1]?.toUpperCase() ?? 'SQL'
  const table = operation === 'SQL' ? undefined : TABLE.exec(sql)?.[1]
  const plain = sql.replace(LITERAL, '?')
  const shape = {
    name: table === undefined ? operation : `${operation} ${table}`,
    operation,
    table,
    text: plain.length > LONGEST ? `${plain.slice(0, LONGEST)}…` : plain,
  }
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(sql, shape)
  return shape
}
