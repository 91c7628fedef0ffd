import type { Database } from '../../../db/database.ts'
import { PlatformDb } from '../../data/platform-db.ts'
import { prepare } from '../../data/prepared.ts'
import { problem } from '../../errors.ts'
import type { Log } from '../../log/log.ts'
import { readGranted } from '../permission-set.ts'
import type { Principal } from '../principal.ts'
import { couldBeApiKey, hashOfApiKey } from './api-key-text.ts'
import { KeyPermissions } from './key-permissions.ts'
import { LastUse } from './last-use.ts'

interface KeyRow {
  readonly id: string
  readonly tenant_id: string
  readonly permissions: string
  readonly expires_at: string | null
}

/** A service that came with an API key. */
export type KeyPrincipal = Principal & { readonly apiKey: NonNullable<Principal['apiKey']> }

const columns = ['id', 'tenant_id', 'permissions', 'expires_at']
const liveByHash = prepare<{ hash: string }, KeyRow>((from, v) =>
  from.shared('api_keys').select(columns).where('key_hash', v.hash).whereNull('revoked_at'),
)
const liveById = prepare<{ id: string }, KeyRow>((from, v) =>
  from.shared('api_keys').select(columns).where('id', v.id).whereNull('revoked_at'),
)

/** Knows who is behind an API key. */
export class ApiKeyAuthenticator {
  readonly #db: PlatformDb
  readonly #now: () => Date
  readonly #lastUse: LastUse

  constructor(parts: { readonly database: Database; readonly log: Log; now(): Date }) {
    this.#db = new PlatformDb(parts.database, new Set())
    this.#now = () => parts.now()
    this.#lastUse = new LastUse(parts)
  }

  /** @throws Problem `unauthenticated`: what cannot be a key is refused without asking the database */
  async find(key: string): Promise<KeyPrincipal> {
    if (!couldBeApiKey(key)) throw unknown()
    return this.#principal(await this.#db.first(liveByHash, { hash: hashOfApiKey(key) }))
  }

  /** The same key as the database has it now. @throws Problem `unauthenticated` */
  async again({ actor }: Principal): Promise<KeyPrincipal> {
    return this.#principal(await this.#db.first(liveById, { id: actor.id }))
  }

  /** Notes that somebody came with it. */
  used({ actor }: Principal, address: (() => string) | undefined): void {
    if (address) this.#lastUse.note(actor.id, this.#now(), address)
  }

  /** Writes what is not written yet. */
  flush(): Promise<void> {
    return this.#lastUse.flush()
  }

  #principal(row: KeyRow | undefined): KeyPrincipal {
    const expiresAt = row?.expires_at ? Date.parse(row.expires_at) : Number.POSITIVE_INFINITY
    if (!row || this.#now().getTime() >= expiresAt) throw unknown()
    return Object.freeze({
      actor: Object.freeze({ kind: 'service', id: row.id }),
      tenantId: row.tenant_id,
      permissions: new KeyPermissions(readGranted(row.permissions)),
      sessionId: undefined,
      apiKey: Object.freeze({ expiresAt }),
    })
  }
}

const unknown = () => problem('unauthenticated', 'The API key is not valid: unknown, revoked or expired.')
