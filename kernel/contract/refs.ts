import type { z } from 'zod'

/** A permission key: `resource:action`. */
export type PermissionKey = `${string}:${string}`

/** A typed name of a service that one plugin offers and others use; the value is bound by the provider. */
export interface ServiceRef<T> {
  readonly id: string
  /** Only carries the type. */
  readonly type?: T
}

/** A typed name of an event: what its payload looks like, wherever it is sent or heard. */
export interface EventRef<P extends z.ZodType = z.ZodType> {
  readonly id: string
  readonly payload: P
}

/** Names a service, `<plugin>.<noun>`. Export it from the provider's `public.ts`. */
export const serviceRef = <T>(id: string): ServiceRef<T> => Object.freeze({ id })

/** Names an event, `<plugin>.<noun>-<past participle>`, with the schema of its payload. */
export const eventRef = <P extends z.ZodType>(id: string, payload: P): EventRef<P> => Object.freeze({ id, payload })

/**
 * A kind of guest: somebody who is no user and brings a credential of its own, such as a device. One plugin says whose it
 * is (`kit.guests`); routes and channels of any plugin may be for such guests.
 */
export interface GuestRef {
  readonly id: string
  /** The request header that brings the credential, such as `X-Device-Key`. */
  readonly header: string
}

/** Names a kind of guest, `<plugin>.<noun>`. Export it from the `public.ts` of the plugin that knows them. */
export const guestRef = (id: string, header: string): GuestRef => Object.freeze({ id, header })
