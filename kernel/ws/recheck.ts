import type { Authenticator, Principal } from '../access/principal.ts'
import { Problem } from '../errors.ts'
import type { Log } from '../log/log.ts'
import type { FeatureSnapshot } from '../tenancy/feature-snapshot.ts'
import { gate } from '../tenancy/gate.ts'
import { closeCodes } from './close-codes.ts'
import type { Connection } from './connection.ts'
import type { Hub } from './hub.ts'
import { Turns } from './turns.ts'

/** Principals that are read from the database at the same time. */
const LANES = 4

/** Closes sockets whose owners may no longer have them. */
export class Recheck {
  readonly #hub: Hub
  readonly #authenticator: Authenticator
  readonly #log: Log
  readonly #dirty = new Set<string>()
  /** Tenants whose features have changed. */
  readonly #ungated = new Set<string>()
  #features: FeatureSnapshot | undefined
  #gating: Promise<void> | undefined
  #running: Promise<void> | undefined
  #changes = 0
  #failing = false

  constructor(hub: Hub, authenticator: Authenticator, log: Log) {
    this.#hub = hub
    this.#authenticator = authenticator
    this.#log = log
  }

  /** Rises with each change of access: who was read before a change may be out of date. */
  get changes(): number {
    return this.#changes
  }

  /** Users, groups or sessions of a tenant have changed, or of any tenant. */
  accessChanged(tenantId: string | undefined): void {
    this.#changes += 1
    if (tenantId !== undefined) this.#dirty.add(tenantId)
    else for (const id of this.#hub.tenants) this.#dirty.add(id)
    this.look()
  }

  /** Reads the owner of a socket again that came in while access changed. */
  newcomer(connection: Connection): void {
    this.#user([connection]).catch(() => void this.#dirty.add(connection.principal.tenantId))
  }

  /** Licences, features or tenants have changed. */
  featuresChanged(current: FeatureSnapshot, before: FeatureSnapshot): void {
    this.#features = current
    for (const tenantId of this.#hub.tenants) {
      if (current.byTenant.get(tenantId) !== before.byTenant.get(tenantId)) this.#ungated.add(tenantId)
    }
    if (this.#ungated.size === 0) return
    this.#gating ??= this.#gate().finally(() => {
      this.#gating = undefined
    })
  }

  /** Reads again whoever is to be; what the database could not say is asked with the next look. */
  look(): void {
    if (this.#running || this.#dirty.size === 0) return
    this.#running = this.#work().finally(() => {
      this.#running = undefined
    })
  }

  /** Resolves when no look is under way. */
  async settled(): Promise<void> {
    await Promise.all([this.#running, this.#gating])
  }

  /** What a socket sends before its turn has come is refused: each frame is gated, too. */
  async #gate(): Promise<void> {
    const turns = new Turns()
    for (const tenantId of this.#ungated) {
      this.#ungated.delete(tenantId)
      for (const connection of [...this.#hub.all(tenantId)]) {
        const refused = gate(connection.channel.host.plugin.feature, this.#features?.byTenant.get(tenantId))
        if (refused) connection.end(closeCodes.notAllowed, refused.code)
        if (turns.over) await turns.next()
      }
    }
  }

  async #work(): Promise<void> {
    for (const tenantId of this.#dirty) {
      this.#dirty.delete(tenantId)
      try {
        await this.#tenant(tenantId)
        this.#failing = false
      } catch (error) {
        this.#dirty.add(tenantId)
        if (!this.#failing) this.#log.warn({ err: error }, 'sockets were not checked again; trying again')
        this.#failing = true
        return
      }
    }
  }

  async #tenant(tenantId: string): Promise<void> {
    const users = Map.groupBy(
      [...this.#hub.all(tenantId)].filter(({ principal }) => principal.sessionId !== undefined || principal.apiKey),
      ({ principal }) => `${principal.actor.id} ${principal.sessionId}`,
    )
    const waiting = users.values()
    const turns = new Turns()
    const lane = async (): Promise<void> => {
      for (const connections of waiting) {
        await this.#user(connections)
        // An embedded database never makes it wait: a turn for everybody else now and then.
        if (turns.over) await turns.next()
      }
    }
    await Promise.all(Array.from({ length: LANES }, lane))
  }

  async #user(connections: readonly Connection[]): Promise<void> {
    const [first] = connections
    if (!first) return
    let principal: Principal
    try {
      principal = await this.#authenticator.again(first.principal)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      for (const connection of connections) connection.end(closeCodes.notSignedIn, 'session_ended')
      return
    }
    for (const connection of connections) {
      connection.principal = principal
      const { permission } = connection.channel
      if (permission && !principal.permissions.has(permission)) connection.end(closeCodes.notAllowed, 'forbidden')
    }
  }
}
