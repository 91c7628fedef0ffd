import { z } from 'zod'

/** Most rows that a report shows. */
const MOST_LINES = 10_000

const Line = z.strictObject({
  row: z.int().describe('Line of the file on which the row begins; the header is 1.'),
  status: z.enum(['created', 'updated', 'unchanged', 'failed']),
  id: z.string().optional().describe('The asset; a dry run has none for one that would be created.'),
  name: z.string().optional(),
  errors: z.array(z.string()).optional(),
})

/** What an import did, or would do, row by row. */
export const ImportReport = z
  .strictObject({
    dry_run: z.boolean(),
    total: z.int(),
    created: z.int(),
    updated: z.int(),
    unchanged: z.int(),
    failed: z.int(),
    rows: z.array(Line),
    rows_omitted: z.int().describe('Rows that are counted but not shown; failed rows are shown first.'),
  })
  .meta({ id: 'ImportReport' })

export type ImportReport = z.output<typeof ImportReport>
export type ImportLine = z.output<typeof Line>

/** Gathers the lines of an import, bounded in memory. */
export class ReportBuilder {
  readonly #counts = { created: 0, updated: 0, unchanged: 0, failed: 0 }
  readonly #lines: ImportLine[] = []
  readonly #failed: ImportLine[] = []
  readonly #dryRun: boolean

  constructor(dryRun: boolean) {
    this.#dryRun = dryRun
  }

  /** Rows so far. */
  get total(): number {
    const { created, updated, unchanged, failed } = this.#counts
    return created + updated + unchanged + failed
  }

  add(line: ImportLine): void {
    this.#counts[line.status] += 1
    const lines = line.status === 'failed' ? this.#failed : this.#lines
    if (lines.length < MOST_LINES) lines.push(line)
  }

  /** The counts, and the lines in the order of the file: at most `most`, failed rows before others. */
  report(most = MOST_LINES): ImportReport {
    const shown = [...this.#failed, ...this.#lines].slice(0, Math.min(most, MOST_LINES))
    return {
      dry_run: this.#dryRun,
      total: this.total,
      ...this.#counts,
      rows: shown.sort((a, b) => a.row - b.row),
      rows_omitted: this.total - shown.length,
    }
  }
}
