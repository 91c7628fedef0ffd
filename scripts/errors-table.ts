import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorCodes } from '../kernel/errors.ts'

const opening = '<!-- errors -->'
const closing = '<!-- /errors -->'

/**
 * A text with the table of error codes between its markers renewed.
 * @throws {Error} when the markers are missing
 */
export function withErrorsTable(text: string): string {
  const start = text.indexOf(opening)
  const end = text.indexOf(closing)
  if (start === -1 || end < start) throw new Error(`no ${opening} … ${closing} in the text`)
  return `${text.slice(0, start + opening.length)}\n${errorsTable()}\n${text.slice(end)}`
}

/** Every error code as a Markdown table, by status. The anchor is what `type` of a problem points to. */
export function errorsTable(): string {
  const rows = Object.entries(errorCodes).map(
    ([code, [status, title]]) => `| ${status} | <a id="${code}"></a>\`${code}\` | ${title} |`,
  )
  return ['| Status | `error` | `title` |', '|---|---|---|', ...rows].join('\n')
}

/** `node scripts/errors-table.ts` renews docs/errors.md; with `--check` it only fails when the page is behind. */
function main(): void {
  const page = join(import.meta.dirname, '..', 'docs', 'errors.md')
  const before = readFileSync(page, 'utf8')
  const after = withErrorsTable(before)
  if (before === after) return
  if (process.argv.includes('--check')) {
    process.stderr.write('docs/errors.md: the table of errors is behind; run node scripts/errors-table.ts\n')
    process.exitCode = 1
  } else writeFileSync(page, after)
}

if (import.meta.main) main()
