import type { PermissionKey } from '../contract.ts'
import type { Permissions } from './principal.ts'

/** Grants everything; what the group `Admin` holds. */
export const EVERYTHING = '*'
/** Grants reading; what the group `Read only` holds. Stands for keys, also of plugins that come later. */
export const READING = '*:read'

/** Contract 5.1: `Read only` reads most things, but not these. */
const NOT_READ = new Set(['maintenance:read', 'vpn:read', 'backup:read'])

/** True for the keys that `Read only` stands for. */
export const isReading = (key: string): boolean => key.endsWith(':read') && key !== READING && !NOT_READ.has(key)

/** The union of what a user's groups grant. */
export class PermissionSet implements Permissions {
  readonly #keys: ReadonlySet<string>
  readonly #everything: boolean
  readonly #reading: boolean

  constructor(granted: Iterable<string>) {
    this.#keys = new Set(granted)
    this.#everything = this.#keys.has(EVERYTHING)
    this.#reading = this.#keys.has(READING)
  }

  has(key: PermissionKey | typeof EVERYTHING): boolean {
    return this.#everything || this.#keys.has(key) || (this.#reading && isReading(key))
  }

  /** What was granted, as stored. */
  get granted(): readonly string[] {
    return [...this.#keys].sort()
  }
}

/** Reads the column `groups.permissions`. */
export function readGranted(json: string): string[] {
  const granted: unknown = JSON.parse(json)
  return Array.isArray(granted) ? granted.filter(key => typeof key === 'string') : []
}
