import type { z } from 'zod'
import type { PlatformDb } from '../data/platform-db.ts'
import type { TenantDb } from '../data/tenant-db.ts'
import type { Log } from '../log/log.ts'
import type { EventRef, PermissionKey } from './refs.ts'

/** The tenant a call works for. */
export interface Tenant {
  readonly id: string
  readonly name: string
  readonly account_name: string
  readonly status: TenantStatus
}

/** Contract 15.1: `grace` keeps everything but licensed features, `expired` and `suspended` keep nobody in. */
export type TenantStatus = 'pending' | 'active' | 'grace' | 'expired' | 'suspended'

/** Who does it. */
export interface Actor {
  readonly kind: 'user' | 'device' | 'service' | 'anonymous'
  readonly id: string
}

/** One line of the audit log. Values under keys that name secrets are left out when it is written. */
export interface AuditEntry {
  /** `<resource>.<past participle>`, such as `asset.updated`. Default: derived from the route. */
  readonly action?: string
  readonly resourceType: string
  readonly resourceId: string
  readonly before?: unknown
  readonly after?: unknown
}

/**
 * Something that users should know of. It goes into their list of notifications, to their open sockets, and by mail to
 * those who want it so.
 */
export interface Notice {
  /** One of the `notices` that the plugin's descriptor names, such as `alert-raised`. */
  readonly kind: string
  /** Users by id, or all active users who hold the permission. */
  readonly to: { readonly users: readonly string[] } | { readonly permission: PermissionKey }
  /** One line, at most 300 characters. */
  readonly title: string
  /** Some sentences of plain text. */
  readonly body?: string
  /** Where the web application shows it, such as `/incidents/0198…`; always below the application's own address. */
  readonly path?: string
  /** While somebody has an unread notification of this key, they do not get a second one. */
  readonly unique?: string
}

interface AnyCall {
  readonly actor: Actor
  readonly log: Log
  /** Aborted when the client went away, the job timed out, or the kernel stops. */
  readonly signal: AbortSignal
  /** W3C trace id, 32 hex digits. */
  readonly traceId: string
  /** The time by the kernel's clock; tests move it. */
  now(): Date
  /**
   * The address of a path of this server: below API_PUBLIC_URL or, without that, as the client of this request reached it.
   * Where neither is known, the path alone.
   */
  publicUrl(path: string): string
}

/** What work may know of the tenant's call it serves: the same object for HTTP, WebSocket, job and event. */
export interface Call extends AnyCall {
  readonly tenant: Tenant
  readonly db: TenantDb
  /** True when the actor holds the permission. */
  can(permission: PermissionKey): boolean
  /** Adds a line to the audit log, in the transaction of the call. */
  audit(entry: AuditEntry): void
  /** Tells other plugins, through the outbox: delivered at least once, in order per tenant, only if the call commits. */
  emit<P extends z.ZodType>(event: EventRef<P>, payload: z.input<P>): Promise<void>
  /**
   * Queues one of the plugin's own jobs, in the transaction of the call.
   * @param options.unique while a job of this name and key is queued, no second one is made
   * @returns the id under which `GET /api/v1/jobs/:id` shows it
   */
  enqueue(job: string, data: unknown, options?: { readonly unique?: string }): Promise<string>
  /** Tells users something, once the call commits. */
  notify(notice: Notice): Promise<void>
  /**
   * Sends a frame to the tenant's sockets on one of the plugin's own channels, on all instances, once the call commits.
   * Who is not connected never gets it: what must not be lost is stored, and read over HTTP.
   * @param to default: everybody on the channel
   */
  publish(channel: string, type: string, data: unknown, to?: Recipients): void
  /** Closes, with 4401, the sockets that these users or devices have on one of the plugin's own channels. */
  disconnect(channel: string, actorIds: readonly string[]): void
  /** Wakes whoever listens for the topic, on all instances, once the call commits. Topics are the tenant's and plugin's own. */
  wake(topic: string): void
  /**
   * Begins to listen for `wake(topic)`. Look whether there is something to do after this, and before waiting, so that
   * nothing is missed: `using bell = call.listen('commands')`.
   */
  listen(topic: string): Listening
}

/** Somebody who listens for a topic, until disposed. */
export interface Listening extends Disposable {
  /**
   * True as soon as there was a wake since the last time. False after `ms`, when the client is gone, and when the plugin or
   * the process begins to stop, so that a long poll holds up neither.
   */
  heard(ms: number): Promise<boolean>
}

/** The call of work that belongs to no tenant: sign-in, webhooks, global catalogues. */
export interface PlatformCall extends AnyCall {
  readonly db: PlatformDb
  /** The tenant of this id, with its status at this moment; undefined when there is none. */
  tenant(id: string): Tenant | undefined
  /** Adds a line to the audit log of the tenant it touches. */
  audit(tenantId: string, entry: AuditEntry): void
  /** Adds a line to the audit log of the platform: for what touches no tenant, or many. */
  auditPlatform(entry: AuditEntry): void
  emit<P extends z.ZodType>(event: EventRef<P>, payload: z.input<P>, tenantId?: string): Promise<void>
  enqueue(
    job: string,
    data: unknown,
    options?: { readonly unique?: string; readonly tenantId?: string },
  ): Promise<string>
  /** The same as in a tenant's call, for one tenant. */
  notify(tenantId: string, notice: Notice): Promise<void>
  publish(tenantId: string, channel: string, type: string, data: unknown, to?: Recipients): void
  disconnect(tenantId: string, channel: string, actorIds: readonly string[]): void
}

/** Who gets a frame, of those on the channel: who is named, and who holds the permission. */
export interface Recipients {
  /** Ids of users or devices. */
  readonly actors?: readonly string[]
  readonly permission?: PermissionKey
}
