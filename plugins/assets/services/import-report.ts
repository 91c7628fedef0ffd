import { z } from 'zod'

/** Characters of JSON for the lines of a report: about 15,000 rows. */
const ROOM = 2_000_000

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
  readonly #failed = new Lines()
  readonly #others = new Lines()
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
    const lines = line.status === 'failed' ? this.#failed : this.#others
    lines.add(line, ROOM)
  }

  /** The counts, and as many lines as have room, in the order of the file; failed rows have room before others. */
  report(room = ROOM): ImportReport {
    const shown = new Lines()
    for (const line of [...this.#failed.list, ...this.#others.list]) if (!shown.add(line, room)) break
    return {
      dry_run: this.#dryRun,
      total: this.total,
      ...this.#counts,
      rows: shown.list.sort((a, b) => a.row - b.row),
      rows_omitted: this.total - shown.list.length,
    }
  }
}

/** Lines up to a size. */
class Lines {
  readonly list: ImportLine[] = []
  #size = 0

  /** False when there is no room left. */
  add(line: ImportLine, room: number): boolean {
    if (this.#size >= room) return false
    this.#size += JSON.stringify(line).length + 1
    if (this.#size > room) return false
    this.list.push(line)
    return true
  }
}
