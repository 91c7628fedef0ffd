import type { IncomingMessage } from 'node:http'
import { anonymous } from '../access/guests.ts'
import { requireAllowedOrigin } from '../access/origin.ts'
import type { Principal } from '../access/principal.ts'
import { CallCore } from '../call.ts'
import type { GuestRef } from '../contract.ts'
import { problem } from '../errors.ts'
import type { Lifecycle } from '../http/app.ts'
import { addressKey } from '../http/limits.ts'
import type { PluginHost } from '../plugins/host.ts'
import type { Roles } from '../roles.ts'
import type { Runtime } from '../runtime.ts'
import { gate } from '../tenancy/gate.ts'
import { tokenOf } from './credentials.ts'
import type { Hub } from './hub.ts'
import type { SocketLimits } from './limits.ts'
import type { OpenChannel } from './open-channel.ts'

/** Who comes in, and for how long (epoch milliseconds; Infinity: until something changes). */
export interface Visitor {
  readonly principal: Principal
  readonly expiresAt: number
}

/** What the checks look at. */
export interface AdmissionParts {
  readonly runtime: Runtime
  readonly hub: Hub
  readonly limits: SocketLimits
  /** `ALLOW_ORIGINS`. */
  readonly origins: readonly string[]
  lifecycle(): Lifecycle
  /** Who owns a path segment, running or not. */
  owner(segment: string): PluginHost | undefined
}

/** An upgrade request, with what the kernel knows of where it comes from. */
export interface UpgradeRequest {
  readonly request: IncomingMessage
  readonly channel: string
  readonly address: string
}

/** Decides whether a socket may open, before anything is answered. Every refusal is a Problem. */
export class Admission {
  readonly #parts: AdmissionParts

  constructor(parts: AdmissionParts) {
    this.#parts = parts
  }

  /**
   * Checks everything that takes time: who it is, and whether they may.
   * @param seen told who it is, as soon as that is known
   */
  async check(
    { request, channel: name, address }: UpgradeRequest,
    seen: (principal: Principal, host: PluginHost) => void,
  ): Promise<{ readonly visitor: Visitor; readonly channel: OpenChannel }> {
    const { runtime, origins, owner } = this.#parts
    this.#requireRunning()
    runtime.ceilings.address(address)
    const host = owner(name)
    if (!host || !runtime.roles.guests) throw noChannel(runtime.roles)
    if (request.headers.origin !== undefined) {
      requireAllowedOrigin({ header: header => String(request.headers[header.toLowerCase()] ?? '') }, origins)
    }
    const channel = host.channels.get(name)
    if (!channel && host.state === 'running') throw noChannel(runtime.roles)
    // While the plugin does not run nobody knows whom its channel is for: a guest is known by what it brings.
    const guests = channel ? channel.channel.guests : runtime.guests.of(request.headers)
    if (!guests && !runtime.roles.users) throw noChannel(runtime.roles)
    const visitor = guests ? await this.#guest(guests, request) : await this.#user(request, address)
    const { principal } = visitor
    seen(principal, host)
    runtime.ceilings.tenant(principal.tenantId)
    await this.#requireTenant(principal, host)
    if (!channel) throw unavailable(host)
    if (channel.permission && !principal.permissions.has(channel.permission)) {
      throw problem('forbidden', `This needs the permission "${channel.permission}".`)
    }
    if (channel.channel.apiKeys === false && principal.apiKey) {
      throw problem('forbidden', 'This is about the user who is logged in; log in as one.')
    }
    return { visitor, channel }
  }

  /** Checks again, at the last moment, what may have changed meanwhile, and whether there is room. Takes no time. */
  last({ principal, expiresAt }: Visitor, channel: OpenChannel, address: string): void {
    const { runtime, hub, limits } = this.#parts
    this.#requireRunning()
    const { host } = channel
    if (host.channels.get(channel.name) !== channel) throw unavailable(host)
    const refused = gate(host.plugin.feature, runtime.tenant(principal.tenantId))
    if (refused) throw refused
    if (runtime.now().getTime() >= expiresAt) throw problem('unauthenticated', 'The token has expired.')
    if (full(limits.perTenant, hub.ofTenant(principal.tenantId))) throw crowded('tenant', limits.perTenant)
    if (full(limits.perAddress, hub.ofAddress(addressKey(address)))) throw crowded('address', limits.perAddress)
  }

  #requireRunning(): void {
    const lifecycle = this.#parts.lifecycle()
    if (lifecycle === 'starting') throw problem('starting', undefined, { headers: { 'Retry-After': '1' } })
    if (lifecycle === 'stopping') throw problem('stopping', undefined, { headers: { 'Retry-After': '5' } })
  }

  #user(request: IncomingMessage, address: string): Promise<Visitor> {
    return this.#parts.runtime.authenticator.connect(tokenOf(request), () => address)
  }

  async #guest(ref: GuestRef, request: IncomingMessage): Promise<Visitor> {
    const { runtime } = this.#parts
    const core = new CallCore(runtime, { actor: anonymous })
    return { principal: await runtime.guests.identify(core, ref, request.headers), expiresAt: Infinity }
  }

  async #requireTenant({ tenantId }: Principal, host: PluginHost): Promise<void> {
    const { runtime } = this.#parts
    if (!runtime.tenant(tenantId)) await runtime.refreshTenants()
    const state = runtime.tenant(tenantId)
    if (!state) throw problem('unauthenticated', 'This account is gone.')
    const refused = gate(host.plugin.feature, state)
    if (refused) throw refused
  }
}

const noChannel = (roles: Roles): Error =>
  problem('not_found', roles.users ? 'There is no channel of this name.' : roles.nothingHere)

const unavailable = ({ plugin, state }: PluginHost): Error =>
  problem('plugin_unavailable', `The plugin "${plugin.name}" is ${state}.`, { headers: { 'Retry-After': '5' } })

const full = (most: number, open: number): boolean => most > 0 && open >= most

const crowded = (of: string, most: number): Error =>
  problem('too_many_requests', `This ${of} has ${most} sockets open here already; close one first.`, {
    headers: { 'Retry-After': '30' },
  })
