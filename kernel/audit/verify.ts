import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SealedRow } from './audit-row.ts'
import { hashAfter, type SignedHead } from './chain.ts'
import { type ChainReader, justBefore, type Place } from './chain-store.ts'
import { type HeadSigner, isTrusted, type SignatureState } from './head-signature.ts'
import { locate } from './locate.ts'
import type { ChainProblem, Verification } from './verification.ts'

/** Lines read and computed without a break: some 5 ms. */
const AT_ONCE = 250

/** What to check. */
export interface VerifyOptions {
  readonly signal: AbortSignal
  /** First and last place; default: the whole chain. A part is checked to fit what stands before it. */
  readonly from?: number | undefined
  readonly to?: number | undefined
}

/** Computes a chain again, a batch at a time, and says what is wrong first. Sealing and retention may go on meanwhile. */
export async function verifyChain(
  reader: ChainReader,
  signer: HeadSigner,
  options: VerifyOptions,
): Promise<Verification> {
  const unsealed = await reader.unsealed()
  const head = await reader.head()
  if (!head) return withoutHead(await reader.above(0), unsealed)
  const check = new ChainCheck(reader, signer, head)
  const problem = await check.run(options)
  const state = check.state
  return {
    valid: problem === null,
    checked: check.checked,
    first_sequence: check.head.first_sequence,
    last_sequence: head.last_sequence,
    before_first: check.head.before_first,
    last_hash: head.last_hash,
    sealed_at: head.sealed_at,
    unsealed,
    head: state,
    problem,
  }
}

/** A chain that has not begun, or whose head somebody took away. */
const withoutHead = (line: Place | undefined, unsealed: number): Verification => ({
  valid: line === undefined,
  checked: 0,
  first_sequence: null,
  last_sequence: null,
  before_first: null,
  last_hash: null,
  sealed_at: null,
  unsealed,
  head: line === undefined ? 'none' : 'missing',
  problem: line === undefined ? null : { kind: 'head', sequence: line.sequence, id: null },
})

const missing = (sequence: number): ChainProblem => ({ kind: 'missing', sequence, id: null })
const inserted = ({ sequence, id }: Place): ChainProblem => ({ kind: 'inserted', sequence, id })

class ChainCheck {
  readonly #reader: ChainReader
  readonly #signer: HeadSigner
  /** The head at the beginning: what is sealed later is not looked at. */
  readonly #begun: SignedHead
  /** The head as it was last read: retention moves its first line. */
  head: SignedHead
  state: SignatureState
  checked = 0
  #previous = ''
  #last: SealedRow | undefined
  #expected = 0

  constructor(reader: ChainReader, signer: HeadSigner, head: SignedHead) {
    this.#reader = reader
    this.#signer = signer
    this.#begun = head
    this.head = head
    this.state = signer.check(head)
  }

  async run({ signal, from, to }: VerifyOptions): Promise<ChainProblem | null> {
    const whole = from === undefined && to === undefined
    const end = Math.min(to ?? this.#begun.last_sequence, this.#begun.last_sequence)
    const start = Math.max(from ?? 0, this.head.first_sequence)
    const found = (await this.#begin(start)) ?? (await this.#lines(end, signal))
    // What is missing is missing by what the head says.
    if (found && (found.kind !== 'missing' || isTrusted(this.state))) return found
    const beyond = whole ? await this.#outside() : null
    if (beyond) return beyond
    const { last_sequence: sequence, last_hash } = this.#begun
    if (!isTrusted(this.state)) return { kind: 'head', sequence, id: null }
    if (this.#expected === sequence + 1 && this.#previous !== last_hash)
      return { kind: 'rewritten', sequence, id: null }
    return null
  }

  /** Goes to the first line to check. */
  async #begin(start: number): Promise<ChainProblem | null> {
    this.#expected = start
    if (start === this.head.first_sequence) {
      this.#previous = this.head.before_first
      return null
    }
    if (start > this.#begun.last_sequence) return null
    const hash = await this.#reader.hashAt(start - 1)
    if (hash !== undefined) this.#previous = hash
    else if (!(await this.#pruned())) return missing(start - 1)
    return null
  }

  async #lines(end: number, signal: AbortSignal): Promise<ChainProblem | null> {
    let place: Place = justBefore(this.#expected)
    for (;;) {
      signal.throwIfAborted()
      const rows = await this.#reader.lines(place, end, AT_ONCE)
      for (const row of rows) {
        const problem = await this.#line(row)
        if (problem) return problem
      }
      const last = rows.at(-1)
      if (!last || rows.length < AT_ONCE) break
      place = { sequence: last.sequence, id: last.id }
      await nextTurn()
    }
    if (this.#expected > end) return null
    const expected = this.#expected
    return (await this.#pruned()) && this.#expected > end ? null : missing(Math.max(expected, this.#expected))
  }

  async #line(row: SealedRow): Promise<ChainProblem | null> {
    const { sequence } = row
    // A line that retention has deleted since it was read.
    if (sequence < this.head.first_sequence && sequence < this.#expected) return null
    if (sequence > this.#expected) {
      if (!(await this.#pruned())) return missing(this.#expected)
      if (sequence < this.#expected) return null
      if (sequence > this.#expected) return missing(this.#expected)
    }
    if (sequence < this.#expected) return inserted(await this.#intruder(row))
    if (hashAfter(this.#previous, row, sequence) !== row.hash) {
      return locate(this.#reader, { row, sequence, previous: this.#previous })
    }
    this.#previous = row.hash
    this.#last = row
    this.#expected++
    this.checked++
    return null
  }

  /** Of two lines at one place the one that the chain does not go on from. */
  async #intruder(row: SealedRow): Promise<SealedRow> {
    const { sequence, hash } = row
    const [next] = await this.#reader.lines(justBefore(sequence + 1), sequence + 1, 1)
    const goesOn = next ? hashAfter(hash, next, next.sequence) === next.hash : hash === this.#begun.last_hash
    return goesOn && this.#last ? this.#last : row
  }

  /** True when retention has deleted what was to come next: then it goes on with what is left. */
  async #pruned(): Promise<boolean> {
    const head = await this.#reader.head()
    if (!head || head.first_sequence <= this.#expected) return false
    this.head = head
    this.state = this.#signer.check(head)
    this.#expected = head.first_sequence
    this.#previous = head.before_first
    return true
  }

  /** Lines before the first and behind the last: the first only ever rises, and who writes behind the last moves it, too. */
  async #outside(): Promise<ChainProblem | null> {
    const below = await this.#reader.below(this.head.first_sequence)
    if (below) return inserted(below)
    const above = await this.#reader.above(this.#begun.last_sequence)
    if (!above) return null
    const now = await this.#reader.head()
    return now && above.sequence <= now.last_sequence ? null : inserted(above)
  }
}
