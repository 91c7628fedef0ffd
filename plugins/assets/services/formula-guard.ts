/** What a spreadsheet takes for the beginning of a formula, also behind apostrophes (OWASP, CSV Injection). */
const formula = /^'*[=+\-@\t\r＝＋－＠]/

/** Puts an apostrophe before a cell that a spreadsheet would run as a formula. */
export const guarded = (cell: string): string => (formula.test(cell) ? `'${cell}` : cell)

/** Takes off the apostrophe that `guarded` put on. */
export const unguarded = (cell: string): string => (cell.startsWith("'") && formula.test(cell) ? cell.slice(1) : cell)
