import type { Connection } from './connection.ts'
import { getOrAdd } from './get-or-add.ts'

/** The sockets of a tenant on one channel. Most users and devices have one. */
interface Members {
  readonly all: Set<Connection>
  readonly byActor: Map<string, Connection | Set<Connection>>
}

/** The open sockets of this instance, by channel and tenant, with how many each tenant and each address has. */
export class Hub {
  readonly #channels = new Map<string, Map<string, Members>>()
  readonly #ofTenant = new Map<string, number>()
  readonly #ofAddress = new Map<string, number>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Sockets of a tenant, on all its channels. */
  ofTenant(tenantId: string): number {
    return this.#ofTenant.get(tenantId) ?? 0
  }

  /** Sockets on a channel. */
  ofChannel(name: string): number {
    let size = 0
    for (const { all } of this.#channels.get(name)?.values() ?? []) size += all.size
    return size
  }

  /** Sockets under an address key. */
  ofAddress(key: string): number {
    return this.#ofAddress.get(key) ?? 0
  }

  /** Tenants that have sockets. */
  get tenants(): Iterable<string> {
    return this.#ofTenant.keys()
  }

  add(connection: Connection): void {
    const { tenantId, actor } = connection.principal
    const tenants = getOrAdd(this.#channels, connection.channel.name, () => new Map<string, Members>())
    const { all, byActor } = getOrAdd(tenants, tenantId, () => ({ all: new Set(), byActor: new Map() }))
    all.add(connection)
    const others = byActor.get(actor.id)
    if (!others) byActor.set(actor.id, connection)
    else if (others instanceof Set) others.add(connection)
    else byActor.set(actor.id, new Set([others, connection]))
    count(this.#ofTenant, tenantId, 1)
    count(this.#ofAddress, connection.addressKey, 1)
    this.#size += 1
  }

  delete(connection: Connection): void {
    const { tenantId, actor } = connection.principal
    const tenants = this.#channels.get(connection.channel.name)
    const members = tenants?.get(tenantId)
    if (!tenants || !members?.all.delete(connection)) return
    if (members.all.size === 0) tenants.delete(tenantId)
    const own = members.byActor.get(actor.id)
    if (own instanceof Set) own.delete(connection)
    if (own === connection || (own instanceof Set && own.size === 0)) members.byActor.delete(actor.id)
    count(this.#ofTenant, tenantId, -1)
    count(this.#ofAddress, connection.addressKey, -1)
    this.#size -= 1
  }

  /** The sockets of a tenant on one channel. */
  members(channel: string, tenantId: string): Iterable<Connection> {
    return this.#channels.get(channel)?.get(tenantId)?.all ?? []
  }

  /** Those of them that these users or devices have. */
  *ofActors(channel: string, tenantId: string, actors: Iterable<string>): Generator<Connection, void, undefined> {
    const members = this.#channels.get(channel)?.get(tenantId)
    if (!members) return
    for (const actor of new Set(actors)) {
      const own = members.byActor.get(actor)
      if (own instanceof Set) yield* own
      else if (own) yield own
    }
  }

  /** Every socket, or every one of a tenant. */
  *all(tenantId?: string): Generator<Connection, void, undefined> {
    for (const tenants of this.#channels.values()) {
      if (tenantId !== undefined) yield* tenants.get(tenantId)?.all ?? []
      else for (const { all } of tenants.values()) yield* all
    }
  }
}

function count(map: Map<string, number>, key: string, by: 1 | -1): void {
  const left = (map.get(key) ?? 0) + by
  if (left > 0) map.set(key, left)
  else map.delete(key)
}
