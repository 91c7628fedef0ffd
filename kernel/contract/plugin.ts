import type { z } from 'zod'
import type { Context, PlatformContext, Refs, ServiceClasses } from './context.ts'
import type { Kit } from './kit.ts'
import type { EventRef, PermissionKey, ServiceRef } from './refs.ts'

/** What `definePlugin` takes; see `docs/plugins.md`. */
export interface PluginDescriptor<
  Perm extends PermissionKey = PermissionKey,
  C extends z.ZodObject = z.ZodObject,
  S extends ServiceClasses = ServiceClasses,
  PS extends ServiceClasses = ServiceClasses,
  U extends Refs = Refs,
> {
  /** Kebab-case, as its folder. */
  readonly name: string
  readonly version: string
  readonly title: string
  /** The key in `tenant_features` that switches it on; undefined: on for every active tenant. */
  readonly feature?: string
  /**
   * First path segments it owns: `assets` owns `/api/v1/assets/…` and the channel `/api/ws/assets`, `internal/cve-feed`
   * owns `/internal/cve-feed/…`, `v1/ingest` owns `/v1/ingest/…`, `admin/publish` owns `/api/v1/admin/publish/…`,
   * `settings/oidc` owns `/api/v1/settings/oidc/…`.
   */
  readonly segments: readonly string[]
  readonly permissions?: Readonly<Record<Perm, string>>
  /** Settings it reads from the environment. */
  readonly config?: C
  /** Services of other plugins it needs. */
  readonly uses?: U
  /** Services it offers: service name to ref. */
  readonly offers?: Readonly<Record<string, ServiceRef<unknown>>>
  readonly emits?: readonly EventRef[]
  /** What it tells users with `call.notify`: kind, with how it reads in their settings, and whether mail is on at first. */
  readonly notices?: Readonly<Record<string, { readonly title: string; readonly mail: boolean }>>
  /** Tables without a tenant that `db.shared()` may read. */
  readonly sharedTables?: readonly string[]
  /** Folder of its migrations (`V1__assets.ts` …), with a history table of its own; see `docs/migrations.md`. */
  readonly migrations?: string
  /** Classes made once per tenant call, on first use. */
  readonly services?: S
  /** Classes made once per platform call, on first use. */
  readonly platformServices?: PS
  /** What a first start fills in, so that there is something to look at: the platform's part, then the tenant's. */
  readonly demo?: {
    platform?(context: PlatformContext<PS>): Promise<void>
    tenant?(context: Context<S, U>): Promise<void>
  }
  setup(kit: Kit<NoInfer<Perm>, z.output<C>, NoInfer<S>, NoInfer<PS>, NoInfer<U>>): void | Promise<void>
}

/** The kit of a plugin: for a file of it that registers a part of its routes or jobs. */
export type KitOf<D> =
  D extends PluginDescriptor<infer Perm, infer C, infer S, infer PS, infer U> ? Kit<Perm, z.output<C>, S, PS, U> : never

/** A plugin, whatever its types. */
export type AnyPlugin = PluginDescriptor<PermissionKey, z.ZodObject, ServiceClasses, ServiceClasses, Refs>

/** Checks nothing and runs nothing: it only fixes the types and freezes the descriptor. */
export const definePlugin = <
  const Perm extends PermissionKey = never,
  C extends z.ZodObject = z.ZodObject<Record<never, never>>,
  S extends ServiceClasses = Record<never, never>,
  PS extends ServiceClasses = Record<never, never>,
  U extends Refs = Record<never, never>,
>(
  descriptor: PluginDescriptor<Perm, C, S, PS, U>,
): PluginDescriptor<Perm, C, S, PS, U> => Object.freeze(descriptor)
