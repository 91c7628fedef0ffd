/** One record of a CSV file: its cells, or why it cannot be read. */
export interface CsvRecord {
  /** Line on which it begins; the first one of the file is 1. */
  readonly line: number
  readonly cells?: readonly string[]
  readonly fault?: string
}

/** Most characters of one record. A quote that is never closed costs no more memory than this. */
export const LONGEST_RECORD = 100_000
const TOO_LONG = `has more than ${LONGEST_RECORD} characters; is a quote not closed?`

const DELIMITERS = [',', ';', '\t'] as const
/** Excel's way to name the delimiter. */
const separatorLine = /^"?sep=([,;\t])"?\s*$/i
const lineBreak = /\r\n?|\n/g
const NOT_YET = Symbol('not yet')

/**
 * Reads CSV (RFC 4180) as it arrives, in pieces of any size: comma, semicolon or tab, whichever the first line has most
 * of, or a first line `sep=;` names, as Excel writes it; any line break; blanks around cells do not count. A record that is malformed costs just its own first line: reading
 * goes on with the next, so that one forgotten quote does not swallow what follows it. Lines without any text are left
 * out.
 */
export class CsvReader {
  #text = ''
  #line = 1
  #delimiter = ''
  #plain = / /y
  #atStart = true
  /** In the middle of a line that was too long to keep. */
  #skipping = false

  /** The records that are complete with this piece. */
  read(piece: string): CsvRecord[] {
    this.#text += this.#atStart && piece.startsWith('\ufeff') ? piece.slice(1) : piece
    this.#atStart &&= piece === ''
    // Only a line break completes a record; until one comes, what is there is not looked at again.
    if (!/[\r\n]/.test(piece) && this.#text.length <= LONGEST_RECORD) return []
    return this.#records(false)
  }

  /** What is left when the file has ended. */
  end(): CsvRecord[] {
    return this.#records(true)
  }

  #records(ended: boolean): CsvRecord[] {
    const found: CsvRecord[] = []
    let start = 0
    while (start < this.#text.length) {
      if (this.#skipping) {
        start = this.#skipLine(start, ended)
        if (this.#skipping) break
        continue
      }
      if (this.#delimiter === '') {
        const chosen = this.#chooseDelimiter(start, ended)
        if (chosen === NOT_YET) break
        if (chosen === 'named') {
          start = this.#skipLine(start, ended)
          continue
        }
      }
      const record = this.#record(start, ended)
      if (record === NOT_YET) break
      if (typeof record !== 'string') {
        if (record.cells.some(cell => cell !== '')) found.push({ line: this.#line, cells: record.cells })
        this.#line += this.#text.slice(start, record.end).match(lineBreak)?.length ?? 0
        start = record.end
        continue
      }
      found.push({ line: this.#line, fault: record })
      start = this.#skipLine(start, ended)
    }
    this.#text = this.#text.slice(start)
    return found
  }

  /** Cells from `start` to the end of the record, or what is wrong with them. */
  #record(start: number, ended: boolean): { cells: string[]; end: number } | string | typeof NOT_YET {
    const text = this.#text
    const cells: string[] = []
    const complete = (end: number) => (end - start > LONGEST_RECORD ? TOO_LONG : { cells, end })
    const waiting = text.length - start > LONGEST_RECORD ? TOO_LONG : NOT_YET
    for (let at = start; ; at += 1) {
      at = this.#afterBlanks(at)
      if (text[at] === '"') {
        let cell = ''
        for (;;) {
          const close = text.indexOf('"', at + 1)
          if (close < 0) return ended ? 'has a quote that is not closed' : waiting
          cell += text.slice(at + 1, close)
          at = close + 1
          if (text[at] !== '"') break
          cell += '"'
        }
        cells.push(cell.trim())
        at = this.#afterBlanks(at)
      } else {
        this.#plain.lastIndex = at
        this.#plain.test(text)
        cells.push(text.slice(at, this.#plain.lastIndex).trim())
        at = this.#plain.lastIndex
      }
      const sign = text[at]
      if (sign === this.#delimiter) continue
      if (sign === '\n') return complete(at + 1)
      if (sign === '\r' && text[at + 1] === '\n') return complete(at + 2)
      const last = at + 1 >= text.length
      if (sign === '\r' && (ended || !last)) return complete(at + 1)
      if (sign !== undefined && sign !== '\r') return 'has text after a closing quote'
      return ended ? complete(at) : waiting
    }
  }

  #afterBlanks(at: number): number {
    let after = at
    while (this.#text[after] === ' ') after += 1
    return after
  }

  /** Passes over the rest of a line, or what there is of it. */
  #skipLine(from: number, ended: boolean): number {
    const next = this.#nextLine(from, ended)
    this.#skipping = next === undefined
    if (next === undefined) return this.#text.length - (this.#text.endsWith('\r') ? 1 : 0)
    this.#line += 1
    return next
  }

  /** Where the next line begins; undefined while it is not there. */
  #nextLine(from: number, ended: boolean): number | undefined {
    lineBreak.lastIndex = from
    const found = lineBreak.exec(this.#text)
    if (!found) return ended ? this.#text.length : undefined
    const mayGoOn = found[0] === '\r' && lineBreak.lastIndex === this.#text.length && !ended
    return mayGoOn ? undefined : lineBreak.lastIndex
  }

  /** Takes the delimiter from the first line with any text: it is `named` there, or the one that the line has most of. */
  #chooseDelimiter(start: number, ended: boolean): 'named' | 'guessed' | typeof NOT_YET {
    const rest = this.#text.slice(start).trimStart()
    const [line = ''] = rest.split(/[\r\n]/, 1)
    if (line.length === rest.length && !ended && rest.length <= LONGEST_RECORD) return NOT_YET
    const named = rest.length === this.#text.length - start ? separatorLine.exec(line)?.[1] : undefined
    const count = (delimiter: string): number => line.split(delimiter).length
    this.#delimiter = named ?? DELIMITERS.reduce((best, next) => (count(next) > count(best) ? next : best))
    this.#plain = new RegExp(`[^${this.#delimiter}\\r\\n]*`, 'y')
    return named === undefined ? 'guessed' : 'named'
  }
}
