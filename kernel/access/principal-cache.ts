import type { Principal } from './principal.ts'

interface Entry {
  readonly principal: Principal
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

const MOST_ENTRIES = 20_000

/**
 * Principals of tokens that were checked before, by the SHA-256 of the token, until they expire or access changes.
 * Full, it forgets the one it has known longest.
 */
export class PrincipalCache {
  readonly #entries = new Map<string, Entry>()
  readonly #most: number
  readonly #listeners = new Set<(tenantId: string | undefined) => void>()
  #revision = 0
  #epoch = 0

  constructor(most = MOST_ENTRIES) {
    this.#most = most
  }

  get size(): number {
    return this.#entries.size
  }

  get(hash: string, now: number): Principal | undefined {
    const entry = this.#entries.get(hash)
    if (entry === undefined) return undefined
    if (now < entry.expiresAt) return entry.principal
    this.#entries.delete(hash)
    return undefined
  }

  /** To be asked before a principal is read from the database; `set` wants it back. */
  get epoch(): number {
    return this.#epoch
  }

  /** Keeps a principal, unless access has changed since `epoch`: then what was read may be old already. */
  set(hash: string, principal: Principal, expiresAt: number, epoch: number): void {
    if (epoch !== this.#epoch) return
    if (this.#entries.size >= this.#most) {
      const oldest = this.#entries.keys().next()
      if (!oldest.done) this.#entries.delete(oldest.value)
    }
    this.#entries.set(hash, { principal, expiresAt })
  }

  /** Forgets all. */
  clear(): void {
    this.#epoch++
    this.#entries.clear()
  }

  /** Takes in the revision `access` as the database has it: what another instance changed is not known closer. */
  seen(revision: number): void {
    if (revision <= this.#revision) return
    this.#revision = revision
    this.clear()
    for (const listener of this.#listeners) listener(undefined)
  }

  /** Takes in a change that this instance has committed: if nothing came between, only its tenant is forgotten. */
  changed(revision: number, tenantId: string): void {
    if (revision !== this.#revision + 1) {
      this.seen(revision)
      return
    }
    this.#revision = revision
    this.#epoch++
    for (const [hash, { principal }] of this.#entries) {
      if (principal.tenantId === tenantId) this.#entries.delete(hash)
    }
    for (const listener of this.#listeners) listener(tenantId)
  }

  /** Calls `listener` with the tenant whose access has changed, or undefined when it may be any. It must not throw. */
  onChange(listener: (tenantId: string | undefined) => void): void {
    this.#listeners.add(listener)
  }
}
