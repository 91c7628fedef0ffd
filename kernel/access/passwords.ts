import bcrypt from 'bcrypt'
import { problem } from '../errors.ts'
import { isCommonPassword } from './common-passwords.ts'

/** bcrypt reads no further: what is longer would be cut off without a word. */
const MOST_BYTES = 72
const FEWEST_CHARACTERS = 12
const COST = 12

interface PasswordsOptions {
  /** bcrypt's cost: each step doubles the time. Tests take 4. */
  readonly cost?: number
  /** Default: bcrypt's own, which works off the event loop. */
  readonly compare?: (password: string, hash: string) => Promise<boolean>
}

/** Hashes and compares passwords with bcrypt. */
export class Passwords {
  readonly #cost: number
  readonly #compare: (password: string, hash: string) => Promise<boolean>
  readonly #dummy: string

  constructor({ cost = COST, compare = bcrypt.compare }: PasswordsOptions = {}) {
    this.#cost = cost
    this.#compare = compare
    this.#dummy = `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(21)}O${'.'.repeat(31)}`
  }

  /** Hashes a password that `requireGoodPassword` let through. Takes about a quarter of a second of a worker thread. */
  hash(password: string): Promise<string> {
    return bcrypt.hash(password, this.#cost)
  }

  /** True when the password fits. Without a hash it takes as long, so the time tells nothing about who exists. */
  async matches(password: string, hash: string | null | undefined): Promise<boolean> {
    const fits = await this.#compare(password, hash ?? this.#dummy)
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
