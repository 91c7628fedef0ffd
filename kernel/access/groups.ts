import { z } from 'zod'
import type { Dialect } from '../../db/database.ts'
import type { Call } from '../contract.ts'
import { newId } from '../data/id.ts'
import type { TenantDb } from '../data/tenant-db.ts'
import { problem } from '../errors.ts'
import type { AccessChanges } from './access-changes.ts'
import { ADMIN, requireAnAdmin } from './built-in-groups.ts'
import { type FoundGroup, findGroup } from './group-directory.ts'
import { readGranted } from './permission-set.ts'
import type { PermissionCatalogue } from './permissions.ts'

const name = z.string().trim().min(1).max(100)
const permissions = z
  .array(z.string().min(1).max(100))
  .max(500)
  .describe('Keys of GET /rbac/permissions; the dotted form is taken, too')

/** A group to make. */
export const newGroup = z.strictObject({ name, permissions: permissions.default([]) })
/** What can be changed about a group. */
export const groupChanges = z.strictObject({ name })
/** All that a group grants from now on. */
export const groupPermissions = z.strictObject({ permissions })
/** All who are in a group from now on. */
export const groupMembers = z.strictObject({ user_ids: z.array(z.guid().toLowerCase()).max(5000) })

interface GroupsParts {
  readonly dialect: Dialect
  readonly changes: AccessChanges
  readonly catalogue: PermissionCatalogue
}

/** The groups of a tenant. All methods work in the call's transaction. Nobody grants, or takes away, what they lack. */
export class Groups {
  readonly #parts: GroupsParts

  constructor(parts: GroupsParts) {
    this.#parts = parts
  }

  async create(call: Call, given: z.output<typeof newGroup>): Promise<FoundGroup> {
    const keys = this.#parts.catalogue.normalise(call.tenant.id, given.permissions)
    this.#parts.catalogue.requireHeld(call, keys)
    const id = newId()
    const times = { created_at: call.now(), updated_at: call.now() }
    await this.#named(() =>
      call.db.table('groups').insert({ id, name: given.name, permissions: JSON.stringify(keys), ...times }),
    )
    const found = await findGroup(call.db, id)
    call.audit({ action: 'group.created', resourceType: 'group', resourceId: id, after: found.body })
    return found
  }

  async rename(call: Call, id: string, given: z.output<typeof groupChanges>, ifMatch?: number): Promise<FoundGroup> {
    const before = await this.#own(call.db, id, ifMatch)
    return this.#update(call, before, 'group.updated', { name: given.name })
  }

  async setPermissions(
    call: Call,
    id: string,
    given: z.output<typeof groupPermissions>,
    ifMatch?: number,
  ): Promise<FoundGroup> {
    const { catalogue, changes } = this.#parts
    await changes.announce(call.db)
    const before = await this.#own(call.db, id, ifMatch)
    const held = readGranted(before.row.permissions)
    const keys = catalogue.normalise(call.tenant.id, given.permissions, held)
    catalogue.requireHeld(
      call,
      keys.filter(key => !held.includes(key)),
    )
    catalogue.requireHeld(
      call,
      held.filter(key => !keys.includes(key)),
      cannotTake,
    )
    return this.#update(call, before, 'group.permissions_set', { permissions: JSON.stringify(keys) })
  }

  async setMembers(
    call: Call,
    id: string,
    { user_ids }: z.output<typeof groupMembers>,
    ifMatch?: number,
  ): Promise<FoundGroup> {
    const { db } = call
    await this.#parts.changes.announce(db)
    const before = await findGroup(db, id)
    requireFresh(before, ifMatch)
    const present = new Set(before.body.members.map(member => member.id))
    const wanted = new Set(user_ids)
    const joining = [...wanted].filter(user => !present.has(user))
    const leaving = [...present].filter(user => !wanted.has(user))
    const granted = readGranted(before.row.permissions)
    if (leaving.length > 0) this.#parts.catalogue.requireHeld(call, granted, cannotTake)
    if (joining.length > 0) {
      this.#parts.catalogue.requireHeld(call, granted)
      await requireUsers(db, user_ids, joining)
    }
    for (const some of chunks(leaving)) {
      await db.table('user_groups').where('group_id', id).whereIn('user_id', some).delete()
    }
    for (const some of chunks(joining)) {
      await db.table('user_groups').insert(some.map(user_id => ({ user_id, group_id: id })))
    }
    if (before.row.built_in === ADMIN) await requireAnAdmin(db)
    return this.#update(call, before, 'group.members_set', {})
  }

  async remove(call: Call, id: string, ifMatch?: number): Promise<void> {
    await this.#parts.changes.announce(call.db)
    const before = await this.#own(call.db, id, ifMatch)
    this.#parts.catalogue.requireHeld(call, readGranted(before.row.permissions), cannotTake)
    await call.db.table('user_groups').where('group_id', id).delete()
    await call.db.table('groups').where('id', id).delete()
    call.audit({ action: 'group.deleted', resourceType: 'group', resourceId: id, before: before.body })
  }

  /** A group that the tenant made itself. */
  async #own(db: TenantDb, id: string, ifMatch: number | undefined): Promise<FoundGroup> {
    const found = await findGroup(db, id)
    if (found.row.built_in !== null) {
      throw problem('conflict', `"${found.row.name}" is built in: only its members can be changed.`)
    }
    requireFresh(found, ifMatch)
    return found
  }

  async #update(call: Call, before: FoundGroup, action: string, columns: object): Promise<FoundGroup> {
    const { id, revision } = before.row
    const changed = await this.#named(() =>
      call.db
        .table('groups')
        .where({ id, revision })
        .update({ ...columns, updated_at: call.now() })
        .increment('revision', 1),
    )
    if (changed !== 1) throw problem('stale')
    const after = await findGroup(call.db, id)
    call.audit({ action, resourceType: 'group', resourceId: id, before: before.body, after: after.body })
    return after
  }

  /** Runs a write that names a group. */
  async #named<T>(write: () => PromiseLike<T>): Promise<T> {
    try {
      return await write()
    } catch (error) {
      if (!this.#parts.dialect.isUniqueViolation(error)) throw error
      throw problem('conflict', 'There is a group of this name already.')
    }
  }
}

const cannotTake = (what: string): string => `You cannot take away ${what}, because you do not have it yourself.`

function requireFresh({ row }: FoundGroup, ifMatch: number | undefined): void {
  if (ifMatch !== undefined && ifMatch !== row.revision) throw problem('stale')
}

async function requireUsers(db: TenantDb, given: readonly string[], ids: readonly string[]): Promise<void> {
  const found = new Set<string>()
  for (const some of chunks(ids)) {
    const rows: { id: string }[] = await db.table('users').whereIn('id', some).select('id')
    for (const row of rows) found.add(row.id)
  }
  const errors = ids
    .filter(id => !found.has(id))
    .map(id => ({ path: `body.user_ids.${given.indexOf(id)}`, message: 'no user has this id' }))
  if (errors.length > 0) throw problem('invalid', 'A user does not exist.', { errors })
}

/** Pieces that fit the bindings of one statement on both databases. */
function* chunks(ids: readonly string[]): Generator<readonly string[]> {
  for (let start = 0; start < ids.length; start += 500) yield ids.slice(start, start + 500)
}
