import type { PermissionKey } from '../../contract.ts'
import { EVERYTHING, PermissionSet } from '../permission-set.ts'
import type { Permissions } from '../principal.ts'

/**
 * What no API key may do, whatever it was given: make keys, users or rights, or say who may log in. Whoever finds a key
 * shall not be able to stay when it is revoked.
 */
export const withheldFromKeys: ReadonlySet<string> = new Set([
  'api-keys:manage',
  'rbac:manage',
  'settings:manage',
  'users:invite',
  'users:manage',
])

/** What an API key may do. `*` is everything that is not withheld. */
export class KeyPermissions implements Permissions {
  readonly #set: PermissionSet

  constructor(granted: Iterable<string>) {
    this.#set = new PermissionSet(granted)
  }

  has(key: PermissionKey | typeof EVERYTHING): boolean {
    return key !== EVERYTHING && !withheldFromKeys.has(key) && this.#set.has(key)
  }
}
