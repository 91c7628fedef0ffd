import type { PermissionKey } from './refs.ts'
import { serviceRef } from './refs.ts'

/** What plugins may know of a user. */
export interface UserSummary {
  readonly id: string
  readonly name: string
  readonly email: string
  /** False: they cannot log in (any more). They stay, because records name them. */
  readonly active: boolean
}

/** Looks up the users of the call's tenant. Those of other tenants do not exist for it. */
export interface UserDirectory {
  /** The user, or undefined when the tenant has none of this id. Inactive ones are found, too. */
  find(id: string): Promise<UserSummary | undefined>
  /** The users with one of these ids, by id; ids that no user has are left out. @throws RangeError for more than 1,000 */
  byIds(ids: readonly string[]): Promise<ReadonlyMap<string, UserSummary>>
  /** True when the user is active: somebody to whom work can be given. */
  isActive(id: string): Promise<boolean>
  /** True when the user is active and holds the permission through their groups. */
  holds(id: string, permission: PermissionKey): Promise<boolean>
}

/** Looks up users: `uses: { users: userDirectory }`. */
export const userDirectory = serviceRef<UserDirectory>('access.users')
