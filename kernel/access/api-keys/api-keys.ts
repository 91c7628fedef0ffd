import { z } from 'zod'
import type { Call } from '../../contract.ts'
import { lineOfText } from '../../data/fields.ts'
import { newId } from '../../data/id.ts'
import type { PlatformDb } from '../../data/platform-db.ts'
import { problem } from '../../errors.ts'
import type { AccessChanges } from '../access-changes.ts'
import { readGranted } from '../permission-set.ts'
import type { PermissionCatalogue } from '../permissions.ts'
import { type ApiKeyRow, findApiKey, toApiKey } from './api-key-list.ts'
import { hashOfApiKey, newApiKey, shownPart } from './api-key-text.ts'
import { withheldFromKeys } from './key-permissions.ts'

const name = lineOfText(200)
const permissions = z
  .array(z.string().min(1).max(100))
  .min(1)
  .max(500)
  .describe('Keys of GET /rbac/permissions; the dotted form is taken, too')
const expires_at = z.iso
  .datetime({ offset: true })
  .transform(text => new Date(text).toISOString())
  .nullable()

/** A key to make. */
export const newKey = z.strictObject({ name, permissions, expires_at: expires_at.default(null) })
/** What can be changed about a key. */
export const keyChanges = z.strictObject({
  name: name.optional(),
  permissions: permissions.optional(),
  expires_at: expires_at.optional(),
})

/** Keys that a tenant may have that are not revoked. */
const MOST_KEYS = 500
const KEPT_MS = 90 * 86_400_000

/** The API keys of a tenant. All methods work in the call's transaction. Nobody gives a key what they lack. */
export class ApiKeys {
  readonly #changes: AccessChanges
  readonly #catalogue: PermissionCatalogue

  constructor(parts: { readonly changes: AccessChanges; readonly catalogue: PermissionCatalogue }) {
    this.#changes = parts.changes
    this.#catalogue = parts.catalogue
  }

  /**
   * @returns the key itself, the only copy
   * @throws Problem `invalid`, `forbidden`; `conflict` when there are too many
   */
  async create(call: Call, given: z.output<typeof newKey>): Promise<{ readonly row: ApiKeyRow; readonly key: string }> {
    const { db, actor } = call
    const keys = this.#grantable(call, given.permissions)
    this.#catalogue.requireHeld(call, keys)
    requireFuture(call, given.expires_at)
    const counted: { total: number }[] = await db.table('api_keys').whereNull('revoked_at').count({ total: '*' })
    if (Number(counted[0]?.total) >= MOST_KEYS) {
      throw problem('conflict', `There are ${MOST_KEYS} API keys already; revoke those that nobody uses.`)
    }
    const key = newApiKey()
    const id = newId()
    await db.table('api_keys').insert({
      id,
      name: given.name,
      key_hash: hashOfApiKey(key),
      prefix: shownPart(key),
      permissions: JSON.stringify(keys),
      created_by: actor.kind === 'user' ? actor.id : null,
      expires_at: given.expires_at,
      created_at: call.now(),
      updated_at: call.now(),
    })
    const row = await findApiKey(db, id)
    this.#audit(call, 'api-key.created', undefined, row)
    return { row, key }
  }

  /**
   * Who gives a key more rights, or a longer life, must have what it then may do.
   * @throws Problem `stale`, `invalid`, `forbidden`; `conflict` for a revoked key
   */
  async change(call: Call, id: string, given: z.output<typeof keyChanges>, ifMatch?: number): Promise<ApiKeyRow> {
    await this.#changes.announce(call.db)
    const before = await findApiKey(call.db, id)
    if (ifMatch !== undefined && ifMatch !== before.revision) throw problem('stale')
    if (before.revoked_at !== null) throw problem('conflict', 'This key is revoked.')
    const held = readGranted(before.permissions)
    const keys = given.permissions === undefined ? held : this.#grantable(call, given.permissions, held)
    const expires = given.expires_at === undefined ? before.expires_at : given.expires_at
    const longer = before.expires_at !== null && (expires === null || expires > before.expires_at)
    this.#catalogue.requireHeld(call, longer ? keys : keys.filter(key => !held.includes(key)))
    if (expires !== before.expires_at) requireFuture(call, expires)
    return this.#update(call, before, 'api-key.updated', {
      name: given.name ?? before.name,
      permissions: JSON.stringify(keys),
      expires_at: expires,
    })
  }

  /** Ends a key: at once here, within two seconds on the other instances. @throws Problem `conflict` when it is already */
  async revoke(call: Call, id: string, ifMatch?: number): Promise<void> {
    await this.#changes.announce(call.db)
    const before = await findApiKey(call.db, id)
    if (ifMatch !== undefined && ifMatch !== before.revision) throw problem('stale')
    if (before.revoked_at !== null) throw problem('conflict', 'This key is revoked already.')
    await this.#update(call, before, 'api-key.revoked', { revoked_at: call.now() })
  }

  /** Deletes keys that were revoked 90 days ago; the audit log knows of them. */
  prune(db: PlatformDb, now: Date): Promise<number> {
    return db
      .table('api_keys')
      .where('revoked_at', '<', new Date(now.getTime() - KEPT_MS))
      .delete()
  }

  /** The permissions to store. @throws Problem `invalid` for what is not known or not for keys */
  #grantable(call: Call, given: readonly string[], kept: readonly string[] = []): string[] {
    const { id } = call.tenant
    const errors = given.flatMap((key, index) => {
      const withheld = this.#catalogue.normalise(id, [key], kept).find(one => withheldFromKeys.has(one))
      return withheld ? [{ path: `body.permissions.${index}`, message: `API keys cannot have "${withheld}"` }] : []
    })
    if (errors.length > 0) throw problem('invalid', 'A permission is not for API keys.', { errors })
    return this.#catalogue.normalise(id, given, kept)
  }

  async #update(call: Call, before: ApiKeyRow, action: string, columns: object): Promise<ApiKeyRow> {
    const { id, revision } = before
    const changed: number = await call.db
      .table('api_keys')
      .where({ id, revision })
      .update({ ...columns, updated_at: call.now() })
      .increment('revision', 1)
    if (changed !== 1) throw problem('stale')
    const after = await findApiKey(call.db, id)
    this.#audit(call, action, before, after)
    return after
  }

  #audit(call: Call, action: string, before: ApiKeyRow | undefined, after: ApiKeyRow): void {
    call.audit({
      action,
      resourceType: 'api-key',
      resourceId: after.id,
      before: before && toApiKey(before, call.now()),
      after: toApiKey(after, call.now()),
    })
  }
}

function requireFuture(call: Call, expiresAt: string | null): void {
  if (expiresAt === null || expiresAt > call.now().toISOString()) return
  throw problem('invalid', 'A key cannot have expired already.', {
    errors: [{ path: 'body.expires_at', message: 'must be in the future' }],
  })
}
