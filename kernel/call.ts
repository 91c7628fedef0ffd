import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import type { Permissions } from './access/principal.ts'
import { writeAudit } from './audit/writer.ts'
import type {
  Actor,
  AuditEntry,
  Call,
  EventRef,
  Listening,
  Notice,
  PermissionKey,
  PlatformCall,
  Recipients,
  Tenant,
} from './contract.ts'
import { PlatformDb } from './data/platform-db.ts'
import { TenantDb } from './data/tenant-db.ts'
import { TransactionSlot } from './data/transaction-slot.ts'
import type { Log } from './log/log.ts'
import type { PluginHost } from './plugins/host.ts'
import type { Runtime } from './runtime.ts'

/** Where a call comes from: the parts that are costly to make are made when somebody asks. */
export interface CallOrigin {
  readonly actor: Actor
  readonly address?: string
  /** Scheme and host by which the client reached the server. */
  base?(): string | undefined
  traceId?(): string | undefined
  signal?(): AbortSignal
}

/** An audit line that waits for the end of the transaction. */
interface PendingAudit {
  /** Undefined: it is of the platform. */
  readonly tenantId: string | undefined
  readonly entry: AuditEntry
}

/** 32 hex digits of a new W3C trace. */
export const newTraceId = (): string => randomUUID().replaceAll('-', '')

const never = new AbortController().signal

/** What all views of one call share: the transaction, the trace, the audit lines. */
export class CallCore {
  readonly runtime: Runtime
  readonly origin: CallOrigin
  readonly slot: TransactionSlot
  /** What an audit line is called when its entry does not say. */
  defaultAction = 'changed'
  #pending: PendingAudit[] = []
  #recorded = false
  #traceId: string | undefined
  #platform: PlatformDb | undefined

  constructor(runtime: Runtime, origin: CallOrigin) {
    this.runtime = runtime
    this.origin = origin
    this.slot = new TransactionSlot(
      runtime.database,
      () => this.#writeAudits(),
      () => {
        this.#pending = []
      },
    )
  }

  get traceId(): string {
    return (this.#traceId ??= this.origin.traceId?.() ?? newTraceId())
  }

  get signal(): AbortSignal {
    return this.origin.signal?.() ?? never
  }

  /** The address of a path of this server. */
  publicUrl(path: string): string {
    return (this.runtime.publicUrl ?? this.origin.base?.() ?? '') + path
  }

  get platform(): PlatformDb {
    return (this.#platform ??= new PlatformDb(this.runtime.database, this.runtime.sharedTables, this.slot))
  }

  /** True once the call has recorded something. */
  get audited(): boolean {
    return this.#recorded
  }

  /**
   * Keeps an audit line for the end of the transaction under way, or of the next one.
   * @param tenantId undefined: the line is of the platform
   */
  audit(tenantId: string | undefined, entry: AuditEntry): void {
    this.#recorded = true
    this.#pending.push({ tenantId, entry })
  }

  /** Writes what was recorded outside any transaction. */
  async flush(tenantId: string | undefined): Promise<void> {
    if (this.#pending.length > 0) await this.slot.run(tenantId, async () => undefined)
  }

  async #writeAudits(): Promise<void> {
    if (this.#pending.length === 0) return
    const pending = this.#pending
    this.#pending = []
    const { actor, address } = this.origin
    const facts = { actor, address, traceId: this.traceId, now: this.runtime.now() }
    for (const [tenantId, lines] of Map.groupBy(pending, line => line.tenantId)) {
      const entries = lines.map(({ entry }) => ({ ...entry, action: entry.action ?? this.defaultAction }))
      await writeAudit(tenantId === undefined ? this.platform : this.platform.forTenant(tenantId), entries, facts)
    }
  }
}

/** A tenant's call as one plugin sees it. */
export class TenantCall implements Call {
  readonly core: CallCore
  readonly host: PluginHost
  readonly tenant: Tenant
  readonly db: TenantDb
  readonly #permissions: Permissions
  /** Contexts of this call, one a plugin, so that services are made once. */
  readonly contexts: Map<PluginHost, object>
  #log: Log | undefined

  constructor(
    core: CallCore,
    host: PluginHost,
    tenant: Tenant,
    permissions: Permissions,
    db: TenantDb = new TenantDb(core.runtime.database, tenant.id, core.runtime.sharedTables, core.slot),
    contexts: Map<PluginHost, object> = new Map(),
  ) {
    this.core = core
    this.host = host
    this.tenant = tenant
    this.db = db
    this.#permissions = permissions
    this.contexts = contexts
  }

  /** The same call as another plugin sees it. */
  within(host: PluginHost): TenantCall {
    return new TenantCall(this.core, host, this.tenant, this.#permissions, this.db, this.contexts)
  }

  get actor(): Actor {
    return this.core.origin.actor
  }

  get traceId(): string {
    return this.core.traceId
  }

  get signal(): AbortSignal {
    return this.core.signal
  }

  get log(): Log {
    return (this.#log ??= this.host.log.child({ tenant_id: this.tenant.id, trace_id: this.traceId }))
  }

  now(): Date {
    return this.core.runtime.now()
  }

  publicUrl(path: string): string {
    return this.core.publicUrl(path)
  }

  can(permission: PermissionKey): boolean {
    return this.#permissions.has(permission)
  }

  audit(entry: AuditEntry): void {
    this.core.audit(this.tenant.id, entry)
  }

  emit<P extends z.ZodType>(event: EventRef<P>, payload: z.input<P>): Promise<void> {
    return this.host.emit(this.core, event, payload, this.tenant.id)
  }

  enqueue(job: string, data: unknown, options: { readonly unique?: string } = {}): Promise<string> {
    return this.host.enqueue(this.core, job, data, { ...options, tenantId: this.tenant.id })
  }

  notify(notice: Notice): Promise<void> {
    return this.host.notify(this.core, this.tenant.id, notice)
  }

  publish(channel: string, type: string, data: unknown, to?: Recipients): void {
    this.host.publish(this.core, this.tenant.id, { channel, type, data, to })
  }

  disconnect(channel: string, actorIds: readonly string[]): void {
    this.host.disconnect(this.core, this.tenant.id, channel, actorIds)
  }

  wake(topic: string): void {
    this.host.wake(this.core, this.tenant.id, topic)
  }

  listen(topic: string): Listening {
    return this.host.listen(this.core, this.tenant.id, topic)
  }
}

/** A platform call as one plugin sees it. */
export class PlatformWork implements PlatformCall {
  readonly core: CallCore
  readonly host: PluginHost
  #log: Log | undefined

  constructor(core: CallCore, host: PluginHost) {
    this.core = core
    this.host = host
  }

  get db(): PlatformDb {
    return this.core.platform
  }

  tenant(id: string): Tenant | undefined {
    return this.core.runtime.tenant(id)?.tenant
  }

  get actor(): Actor {
    return this.core.origin.actor
  }

  get traceId(): string {
    return this.core.traceId
  }

  get signal(): AbortSignal {
    return this.core.signal
  }

  get log(): Log {
    return (this.#log ??= this.host.log.child({ trace_id: this.traceId }))
  }

  now(): Date {
    return this.core.runtime.now()
  }

  publicUrl(path: string): string {
    return this.core.publicUrl(path)
  }

  audit(tenantId: string, entry: AuditEntry): void {
    this.core.audit(tenantId, entry)
  }

  auditPlatform(entry: AuditEntry): void {
    this.core.audit(undefined, entry)
  }

  emit<P extends z.ZodType>(event: EventRef<P>, payload: z.input<P>, tenantId?: string): Promise<void> {
    return this.host.emit(this.core, event, payload, tenantId)
  }

  enqueue(
    job: string,
    data: unknown,
    options: { readonly unique?: string; readonly tenantId?: string } = {},
  ): Promise<string> {
    return this.host.enqueue(this.core, job, data, options)
  }

  notify(tenantId: string, notice: Notice): Promise<void> {
    return this.host.notify(this.core, tenantId, notice)
  }

  publish(tenantId: string, channel: string, type: string, data: unknown, to?: Recipients): void {
    this.host.publish(this.core, tenantId, { channel, type, data, to })
  }

  disconnect(tenantId: string, channel: string, actorIds: readonly string[]): void {
    this.host.disconnect(this.core, tenantId, channel, actorIds)
  }
}
