import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SealedRow } from './audit-row.ts'
import { hashAfter } from './chain.ts'
import type { ChainReader } from './chain-store.ts'
import type { ChainProblem } from './verification.ts'

/** How far behind a line that does not fit the one is looked for that belongs in its place. */
const LOOK_AHEAD = 10_000
/** Lines that may have been taken out, with those behind them moved up, to be told from a change. */
const MOST_TAKEN_OUT = 16
const AT_ONCE = 250

/** A line that does not fit its place. */
export interface Misfit {
  readonly row: SealedRow
  /** Where it stands. */
  readonly sequence: number
  /** The hash before it, which is right. */
  readonly previous: string
}

/**
 * What somebody did to get this line here: whether it was changed, put in or exchanged with another, or whether lines before
 * it were taken out and the rest numbered anew. All of it without the key: hashes that still fit tell.
 */
export async function locate(reader: ChainReader, { row, sequence, previous }: Misfit): Promise<ChainProblem> {
  const problem = (kind: ChainProblem['kind'], id: string | null = row.id): ChainProblem => ({ kind, sequence, id })
  let next: SealedRow | undefined
  for await (const line of linesAfter(reader, row)) {
    next ??= line
    const right = hashAfter(previous, line, sequence)
    if (right !== line.hash && right !== row.hash) continue
    // This one belongs here. If the misfit belongs where it stands, the two were exchanged.
    if (line.sequence === sequence) return problem('inserted')
    const before =
      line.sequence === sequence + 1 ? [line.hash, row.hash] : [(await reader.hashAt(line.sequence - 1)) ?? '']
    const there = before.map(hash => hashAfter(hash, row, line.sequence))
    return problem(there.includes(row.hash) || there.includes(line.hash) ? 'reordered' : 'inserted')
  }
  for (let moved = 1; next && moved <= MOST_TAKEN_OUT; moved++) {
    if (hashAfter(row.hash, next, next.sequence + moved) === next.hash) return problem('missing', null)
  }
  return problem('changed')
}

async function* linesAfter(reader: ChainReader, row: SealedRow): AsyncGenerator<SealedRow> {
  let place = { sequence: row.sequence, id: row.id }
  const to = row.sequence + LOOK_AHEAD
  for (;;) {
    const lines = await reader.lines(place, to, AT_ONCE)
    yield* lines
    const last = lines.at(-1)
    if (!last || lines.length < AT_ONCE) return
    place = { sequence: last.sequence, id: last.id }
    await nextTurn()
  }
}
