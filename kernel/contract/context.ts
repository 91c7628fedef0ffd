import type { Call, PlatformCall } from './call.ts'
import type { ServiceRef } from './refs.ts'

/** Services are classes made once per call, on first use, with one object of named dependencies (Awilix PROXY). */
export type ServiceClasses = Readonly<Record<string, new (cradle: never) => object>>
type Services<S extends ServiceClasses> = { readonly [K in keyof S]: InstanceType<S[K]> }
/** Services of others that a plugin uses, by the names it gives them. */
export type Refs = Readonly<Record<string, ServiceRef<unknown>>>
type Used<R extends Refs> = { readonly [K in keyof R]: R[K] extends ServiceRef<infer T> ? T : never }

/** What a handler gets: the call, the plugin's services and the services of others it uses. */
export type Context<S extends ServiceClasses, U extends Refs> = { readonly call: Call } & Services<S> & Used<U>
/** The same for work without a tenant. */
export type PlatformContext<S extends ServiceClasses> = { readonly call: PlatformCall } & Services<S>
