import type { Connection } from './connection.ts'

/** The open sockets of this instance, by channel and tenant, with how many each tenant and each address has. */
export class Hub {
  readonly #channels = new Map<string, Map<string, Set<Connection>>>()
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

  /** Sockets under an address key. */
  ofAddress(key: string): number {
    return this.#ofAddress.get(key) ?? 0
  }

  /** Tenants that have sockets. */
  get tenants(): Iterable<string> {
    return this.#ofTenant.keys()
  }

  add(connection: Connection): void {
    const { tenantId } = connection.principal
    const tenants = entry(this.#channels, connection.channel.name, () => new Map<string, Set<Connection>>())
    entry(tenants, tenantId, () => new Set()).add(connection)
    count(this.#ofTenant, tenantId, 1)
    count(this.#ofAddress, connection.addressKey, 1)
    this.#size += 1
  }

  delete(connection: Connection): void {
    const { tenantId } = connection.principal
    const tenants = this.#channels.get(connection.channel.name)
    const members = tenants?.get(tenantId)
    if (!tenants || !members?.delete(connection)) return
    if (members.size === 0) tenants.delete(tenantId)
    count(this.#ofTenant, tenantId, -1)
    count(this.#ofAddress, connection.addressKey, -1)
    this.#size -= 1
  }

  /** The sockets of a tenant on one channel. */
  members(channel: string, tenantId: string): Iterable<Connection> {
    return this.#channels.get(channel)?.get(tenantId) ?? []
  }

  /** Every socket, or every one of a tenant. */
  *all(tenantId?: string): Generator<Connection, void, undefined> {
    for (const tenants of this.#channels.values()) {
      if (tenantId !== undefined) yield* tenants.get(tenantId) ?? []
      else for (const members of tenants.values()) yield* members
    }
  }
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

function count(map: Map<string, number>, key: string, by: 1 | -1): void {
  const left = (map.get(key) ?? 0) + by
  if (left > 0) map.set(key, left)
  else map.delete(key)
}
