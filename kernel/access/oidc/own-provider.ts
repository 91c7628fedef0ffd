import { z } from 'zod'
import type { Call } from '../../contract.ts'
import { prepare } from '../../data/prepared.ts'
import type { TenantDb } from '../../data/tenant-db.ts'
import { problem } from '../../errors.ts'
import type { Sealer } from '../../secrets/sealed.ts'
import { EVERYTHING } from '../permission-set.ts'
import type { PermissionCatalogue } from '../permissions.ts'
import { CLIENT_SECRET, type ProviderDirectory } from './provider-directory.ts'
import { requireWayIn, takeSettingsTurn } from './way-in.ts'

const issuer = z
  .url({ protocol: /^https?$/ })
  .max(400)
  .refine(address => !/[?#@]/.test(address), 'must not have a query, a fragment or a user')
const entraTenantId = z.guid().toLowerCase()

const choice = {
  provider: z.enum(['microsoft', 'oidc']),
  issuer: issuer.optional().describe('Of `oidc`'),
  entra_tenant_id: entraTenantId.optional().describe('Of `microsoft`: the id of the directory'),
}

/** Each kind of provider is named by its own field, and not by that of the other. */
function namedRight(given: z.output<z.ZodObject<typeof choice>>, context: z.RefinementCtx): void {
  const [wanted, other] =
    given.provider === 'microsoft' ? (['entra_tenant_id', 'issuer'] as const) : (['issuer', 'entra_tenant_id'] as const)
  const fault = (field: string, message: string): void => context.addIssue({ code: 'custom', path: [field], message })
  if (given[wanted] === undefined) fault(wanted, `is needed for "${given.provider}"`)
  if (given[other] !== undefined) fault(other, `does not go with "${given.provider}"`)
}

/** Which provider it is: an Entra directory by its id, any other by its issuer. */
export const providerChoice = z.strictObject(choice).superRefine(namedRight)

/** A tenant's own provider, as it is set. */
export const newProvider = z
  .strictObject({
    ...choice,
    client_id: z.string().trim().min(1).max(200),
    client_secret: z.string().min(1).max(1000).optional().describe('Left out: the one that is stored stays'),
    enabled: z.boolean().default(true),
  })
  .superRefine(namedRight)

/** A tenant's own provider, as it is shown: never with its secret. */
export const providerBody = z
  .object({
    provider: z.enum(['microsoft', 'oidc']).nullable().describe('null: there is none'),
    issuer: z.string().nullable(),
    entra_tenant_id: z.string().nullable(),
    client_id: z.string().nullable(),
    enabled: z.boolean(),
    redirect_uri: z.string().describe('To be registered at the provider'),
    created_at: z.string().nullable(),
    updated_at: z.string().nullable(),
  })
  .meta({ id: 'OwnIdentityProvider' })

/** The provider with the revision for `If-Match`: 0 when there is none. */
export interface FoundProvider {
  readonly body: z.output<typeof providerBody>
  readonly revision: number
}

interface Row {
  provider: 'microsoft' | 'oidc'
  issuer: string | null
  entra_tenant_id: string | null
  client_id: string
  client_secret: string
  enabled: unknown
  created_at: string
  updated_at: string
  revision: number
}

interface Parts {
  readonly directory: ProviderDirectory
  readonly sealer: Sealer
  readonly catalogue: PermissionCatalogue
}

const stored = prepare<object, Row>(from =>
  from
    .table('tenant_oidc_config')
    .select(
      'provider',
      'issuer',
      'entra_tenant_id',
      'client_id',
      'client_secret',
      'enabled',
      'created_at',
      'updated_at',
      'revision',
    ),
)

/** A tenant's own identity provider. It speaks for everybody in the tenant, so only who may do everything sets it. */
export class OwnProvider {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async find(call: Call): Promise<FoundProvider> {
    const row = await call.db.first(stored, {})
    if (row) return this.#found(call, row)
    const nothing = { provider: null, issuer: null, entra_tenant_id: null, client_id: null }
    const times = { created_at: null, updated_at: null }
    return { body: { ...nothing, enabled: false, redirect_uri: redirectUri(call), ...times }, revision: 0 }
  }

  /**
   * Sets or replaces it, in the call's transaction.
   * @throws Problem `forbidden`, `stale`, `invalid` without a secret that fits, `conflict` when nobody could log in
   */
  async set(call: Call, given: z.output<typeof newProvider>, ifMatch: number | undefined): Promise<FoundProvider> {
    const { db } = call
    const before = await this.#change(call, ifMatch)
    const place = placeOf(given)
    const values = {
      provider: given.provider,
      ...place,
      client_id: given.client_id,
      client_secret: this.#secret(db, given, before),
      enabled: given.enabled,
      updated_at: call.now(),
    }
    if (before) await db.table('tenant_oidc_config').update(values).increment('revision', 1)
    else await db.table('tenant_oidc_config').insert({ ...values, created_at: call.now() })
    await requireWayIn(db, this.#parts.directory.platform !== undefined)
    const after = await this.find(call)
    call.audit({
      action: before ? 'oidc.updated' : 'oidc.created',
      resourceType: 'oidc',
      resourceId: call.tenant.id,
      before: before && this.#found(call, before).body,
      after: { ...after.body, ...(given.client_secret === undefined ? {} : { new_secret: true }) },
    })
    return after
  }

  /**
   * Takes it away, in the call's transaction. Sessions that began with it go on.
   * @throws Problem `forbidden`, `not_found`, `stale`, `conflict` when nobody could log in
   */
  async remove(call: Call, ifMatch: number | undefined): Promise<void> {
    const before = await this.#change(call, ifMatch)
    if (!before) throw problem('not_found', 'This account has no identity provider of its own.')
    await call.db.table('tenant_oidc_config').delete()
    await requireWayIn(call.db, this.#parts.directory.platform !== undefined)
    call.audit({
      action: 'oidc.deleted',
      resourceType: 'oidc',
      resourceId: call.tenant.id,
      before: this.#found(call, before).body,
    })
  }

  async #change(call: Call, ifMatch: number | undefined): Promise<Row | undefined> {
    this.#parts.catalogue.requireHeld(
      call,
      [EVERYTHING],
      what => `An identity provider lets anybody in as anybody of the account; setting it needs ${what}.`,
    )
    await takeSettingsTurn(call.db)
    const before = await call.db.first(stored, {})
    if (ifMatch !== undefined && ifMatch !== (before?.revision ?? 0)) throw problem('stale')
    return before
  }

  /** A stored secret stays with the provider and client that it was given for: else it could be sent to anybody. */
  #secret(db: TenantDb, given: z.output<typeof newProvider>, before: Row | undefined): string {
    if (given.client_secret !== undefined) {
      return this.#parts.sealer.seal(CLIENT_SECRET, given.client_secret, db.tenantId)
    }
    const place = placeOf(given)
    const isSame =
      before?.provider === given.provider &&
      before.issuer === place.issuer &&
      before.entra_tenant_id === place.entra_tenant_id &&
      before.client_id === given.client_id
    if (before && isSame) return before.client_secret
    const message = before ? 'is needed for another provider or client' : 'is needed'
    throw problem('invalid', `The client secret ${message}.`, { errors: [{ path: 'body.client_secret', message }] })
  }

  #found(call: Call, row: Row): FoundProvider {
    const { provider, entra_tenant_id, client_id, created_at, updated_at } = row
    const issuer = this.#parts.directory.issuerOf(provider, row.issuer, entra_tenant_id)
    const redirect_uri = redirectUri(call)
    const enabled = Boolean(row.enabled)
    const body = { provider, issuer, entra_tenant_id, client_id, enabled, redirect_uri, created_at, updated_at }
    return { body, revision: row.revision }
  }
}

const redirectUri = (call: Call): string => call.publicUrl('/api/v1/auth/oidc/callback')

const placeOf = ({ issuer = '', entra_tenant_id = '', provider }: z.output<typeof providerChoice>) =>
  provider === 'microsoft'
    ? { issuer: null, entra_tenant_id }
    : { issuer: issuer.replace(/\/+$/, ''), entra_tenant_id: null }
