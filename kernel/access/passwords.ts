import { availableParallelism } from 'node:os'
import bcrypt from 'bcrypt'
import { problem } from '../errors.ts'
import { isCommonPassword } from './common-passwords.ts'
import { Turns } from './turns.ts'

/** bcrypt reads no further: what is longer would be cut off without a word. */
const MOST_BYTES = 72
const FEWEST_CHARACTERS = 12
const COST = 12
/**
 * A core stays free for everything else, and one of the four threads on which Node also reads files and looks up names.
 * Measured with 20 log-ins at once on two cores: bench/README.md, "Log-ins".
 */
const AT_ONCE = Math.max(1, Math.min(availableParallelism() - 1, 3))
/** Half a minute of work: who comes later would be gone before it is their turn. */
const MOST_WAITING = 100 * AT_ONCE

interface PasswordsOptions {
  /** bcrypt's cost: each step doubles the time. Tests take 4. */
  readonly cost?: number
  /** Default: bcrypt's own, which works off the event loop. */
  readonly compare?: (password: string, hash: string) => Promise<boolean>
  /** How many hashes are worked on at once; default: one less than there are cores, at most three. */
  readonly atOnce?: number
  /** How many more may wait for that. */
  readonly mostWaiting?: number
}

/**
 * Hashes and compares passwords with bcrypt, so few at once that other requests do not feel it. Both methods throw
 * Problem `too_many_requests` when too many wait already.
 */
export class Passwords {
  readonly #cost: number
  readonly #compare: (password: string, hash: string) => Promise<boolean>
  readonly #dummy: string
  readonly #turns: Turns

  constructor({
    cost = COST,
    compare = bcrypt.compare,
    atOnce = AT_ONCE,
    mostWaiting = MOST_WAITING,
  }: PasswordsOptions = {}) {
    this.#turns = new Turns(atOnce, mostWaiting)
    this.#cost = cost
    this.#compare = compare
    this.#dummy = `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(21)}O${'.'.repeat(31)}`
  }

  /** Hashes a password that `requireGoodPassword` let through. Takes about a quarter of a second of a worker thread. */
  hash(password: string): Promise<string> {
    return this.#turns.run(() => bcrypt.hash(password, this.#cost))
  }

  /** True when the password fits. Without a hash it takes as long, so the time tells nothing about who exists. */
  async matches(password: string, hash: string | null | undefined): Promise<boolean> {
    const fits = await this.#turns.run(() => this.#compare(password, hash ?? this.#dummy))
    return fits && Boolean(hash) && Buffer.byteLength(password) <= MOST_BYTES
  }
}

/**
 * The rules of contract 15.2: 12 characters or more, not a common one, not the e-mail; at most bcrypt's 72 bytes.
 * @param path where the password stands in the request, for the fault
 * @throws Problem `invalid`
 */
export function requireGoodPassword(password: string, email: string, path: string): void {
  const message = fault(password, email)
  if (message !== undefined) {
    throw problem('invalid', `The password ${message}.`, { errors: [{ path, message }] })
  }
}

function fault(password: string, email: string): string | undefined {
  if ([...password].length < FEWEST_CHARACTERS) return `must have at least ${FEWEST_CHARACTERS} characters`
  const bytes = Buffer.byteLength(password)
  if (bytes > MOST_BYTES) return `must have at most ${MOST_BYTES} bytes in UTF-8; this one has ${bytes}`
  if (password.includes('\0')) return 'must not have a NUL character'
  if (isEmail(password, email)) return 'must not be the e-mail address'
  if (isCommonPassword(password))
    return 'is too easy to guess: common words, repetitions and keyboard runs are tried first'
  return undefined
}

function isEmail(password: string, email: string): boolean {
  const bare = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
  const [local = ''] = email.split('@')
  const given = bare(password)
  return given === bare(email) || given === bare(local)
}
