import type { AnyPlugin, Call, PermissionKey } from '../contract.ts'
import { type Fault, problem } from '../errors.ts'
import { permissionKeys } from './permission-keys.ts'
import { EVERYTHING, isReading, READING } from './permission-set.ts'

/** The part of a descriptor that says what can be permitted. */
export type PermittingPlugin = Pick<AnyPlugin, 'name' | 'title' | 'feature' | 'permissions'>

/** The descriptors of the plugins that are on for a tenant. */
export type PluginsOf = (tenantId: string) => Iterable<PermittingPlugin>

/** A permission as the catalogue shows it. */
export interface CatalogueEntry {
  key: string
  description: string
  plugin: string
  plugin_title: string
  feature: string | null
}

/** What can be permitted, as the plugins' descriptors say. */
export class PermissionCatalogue {
  readonly #pluginsOf: PluginsOf

  constructor(pluginsOf: PluginsOf) {
    this.#pluginsOf = pluginsOf
  }

  /** The permissions of the plugins that are on for a tenant, by key. */
  entries(tenantId: string): CatalogueEntry[] {
    const entries: CatalogueEntry[] = []
    for (const { name, title, feature = null, permissions = {} } of this.#pluginsOf(tenantId)) {
      for (const [key, description] of Object.entries(permissions)) {
        entries.push({ key, description, plugin: name, plugin_title: title, feature })
      }
    }
    return entries.sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  /** Stored permissions with each key by name: `Read only` as what it stands for today. `*` stays. */
  expand(tenantId: string, granted: Iterable<string>): string[] {
    const keys = new Set<string>()
    for (const key of granted) {
      if (key !== READING) keys.add(key)
      else for (const known of this.#known(tenantId)) if (isReading(known)) keys.add(known)
    }
    return [...keys].sort()
  }

  /**
   * The keys to store for a list of given ones, in either form of the contract.
   * @param kept keys to accept though no plugin that is on declares them (any more)
   * @throws Problem `invalid`, with a fault for each key that is not known
   */
  normalise(tenantId: string, given: readonly string[], kept: readonly string[] = []): string[] {
    const known = this.#known(tenantId)
    for (const key of kept) if (key !== READING) known.add(key)
    const keys = new Set<string>()
    const faults: Fault[] = []
    for (const [index, key] of given.entries()) {
      const meant = permissionKeys(key, known)
      if (meant.length === 0)
        faults.push({ path: `body.permissions.${index}`, message: `"${key}" is not a permission` })
      for (const one of meant) keys.add(one)
    }
    if (faults.length > 0)
      throw problem('invalid', 'A permission is not known; see GET /rbac/permissions.', { errors: faults })
    return keys.has(EVERYTHING) ? [EVERYTHING] : [...keys].sort()
  }

  /**
   * Nobody grants what they lack, nor acts on those who have it.
   * @param granted stored permissions that are about to be given, or that somebody has
   * @param refusal the sentence that refuses, with what the caller lacks
   * @throws Problem `forbidden`
   */
  requireHeld(call: Call, granted: readonly string[], refusal: (what: string) => string = cannotGrant): void {
    for (const key of this.expand(call.tenant.id, granted)) {
      if (call.can(key as PermissionKey)) continue
      throw problem('forbidden', refusal(key === EVERYTHING ? 'all permissions' : `the permission "${key}"`))
    }
  }

  #known(tenantId: string): Set<string> {
    const known = new Set<string>()
    for (const { permissions = {} } of this.#pluginsOf(tenantId)) {
      for (const key of Object.keys(permissions)) known.add(key)
    }
    return known
  }
}

const cannotGrant = (what: string): string => `You cannot grant ${what}, because you do not have it yourself.`
