import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import type { FrameAnnouncement, ReplaceAnnouncement, SocketAnnouncement } from '../backplane/announcement.ts'
import type { Backplane } from '../backplane/backplane.ts'
import type { Recipients } from '../contract.ts'
import type { PluginHost } from '../plugins/host.ts'
import type { Features } from '../tenancy/features.ts'
import { AddedFrames } from './added-frames.ts'
import type { ChannelCounts } from './channel-counts.ts'
import { type CloseCode, closeCodes } from './close-codes.ts'
import type { Connection } from './connection.ts'
import { envelope, textFrame } from './frame.ts'
import { Hub } from './hub.ts'
import type { SocketLimits } from './limits.ts'
import { Recheck } from './recheck.ts'
import { SocketIds } from './socket-ids.ts'
import { Turns } from './turns.ts'
import { type UpgradeParts, Upgrades } from './upgrades.ts'

const SLACK_MS = 1_000
/** Sockets that a stop sends to other instances at once, and in a second: each opens again there. */
const AT_ONCE = 100
const PER_SECOND = 2_000
/** However many there are, a stop takes no longer to send them away. */
const LONGEST_MS = 5_000

/** A frame to be sent to sockets of a tenant. */
export interface Publication {
  readonly channel: string
  readonly type: string
  readonly data: unknown
  readonly to?: Recipients | undefined
}

/** What the sockets of a kernel need. */
export interface SocketsParts
  extends Pick<UpgradeParts, 'limits' | 'requestLog' | 'origins' | 'lifecycle' | 'runtime' | 'owner' | 'context'> {
  readonly backplane: Pick<Backplane, 'announce'>
}

/** All sockets of one kernel: lets them in, sends to them, and closes them when they may not stay. */
export class Sockets {
  readonly limits: SocketLimits
  /** Frames that plugins add to the channels of others. */
  readonly added: AddedFrames
  /** What has happened on each channel since the start. */
  readonly counts = new Map<string, ChannelCounts>()
  readonly #parts: SocketsParts
  readonly #hub = new Hub()
  readonly #ids = new SocketIds()
  readonly #upgrades: Upgrades
  readonly #waiting = new Set<(gone: Connection) => void>()
  #closing = false
  #recheck: Recheck | undefined
  #beat: NodeJS.Timeout | undefined
  #features: Features | undefined

  constructor(parts: SocketsParts) {
    this.#parts = parts
    this.limits = parts.limits
    this.added = new AddedFrames(parts.owner)
    this.#upgrades = new Upgrades({
      ...parts,
      hub: this.#hub,
      lifecycle: () => (this.#closing ? 'stopping' : parts.lifecycle()),
      changes: () => this.#recheck?.changes,
      newId: () => this.#ids.next(),
      opened: (connection, stale) => this.#opened(connection, stale),
      gone: (connection, code) => this.#gone(connection, code),
    })
  }

  /** Sockets that are open. */
  get size(): number {
    return this.#hub.size
  }

  /** Sockets that are open on a channel. */
  openOn(channel: string): number {
    return this.#hub.ofChannel(channel)
  }

  /** Begins to close sockets when licences, features or access change. */
  watch(features: Features, onAccessChange: (listener: (tenantId: string | undefined) => void) => void): void {
    const { authenticator, log } = this.#parts.runtime()
    const recheck = new Recheck(this.#hub, authenticator, log)
    this.#recheck = recheck
    this.#features = features
    features.onChange((current, before) => recheck.featuresChanged(current, before))
    onAccessChange(tenantId => recheck.accessChanged(tenantId))
  }

  /** Sends a frame to the sockets of a tenant, on all instances. It is serialised once. */
  publish(tenantId: string, { channel, type, data, to }: Publication): void {
    const text = envelope(type, data, this.#parts.runtime().now())
    this.#parts.backplane.announce({ kind: 'frame', channel, tenantId, text, to })
  }

  /** Closes the sockets of users or devices on a channel, on all instances. */
  disconnect(tenantId: string, channel: string, actors: readonly string[]): void {
    this.#parts.backplane.announce({ kind: 'disconnect', channel, tenantId, actors })
  }

  /** Listener of the server's `upgrade` event. */
  readonly upgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    void this.#upgrades.open(request, stream as Socket, head)
  }

  /** Closes what a plugin that stops has open, and waits until it is gone. */
  closeChannelsOf(host: PluginHost): Promise<void> {
    return this.#closeAll(connection => connection.channel.host === host, closeCodes.notAllowed, 'plugin_stopped')
  }

  /** Tells every client to go to another instance, a hundred at a time, and waits until they are gone. Refuses newcomers. */
  close(): Promise<void> {
    this.#closing = true
    const pauseMs = Math.min(1_000 / PER_SECOND, LONGEST_MS / this.#hub.size) * AT_ONCE
    return this.#closeAll(() => true, closeCodes.stopping, 'stopping', pauseMs)
  }

  /** Closes everything. */
  async stop(): Promise<void> {
    await this.close()
    clearInterval(this.#beat)
    await this.#recheck?.settled()
  }

  #opened(connection: Connection, stale: boolean): void {
    this.#hub.add(connection)
    this.#beat ??= setInterval(() => this.#lookAfter(), this.limits.beatMs).unref()
    if (connection.channel.channel.single) this.#tellNewest(connection)
    connection.begin()
    if (stale) this.#recheck?.newcomer(connection)
  }

  #gone(connection: Connection, code: number): void {
    this.#hub.delete(connection)
    const { principal, channel } = connection
    channel.counts.close(code)
    this.#parts
      .runtime()
      .log.debug(
        { channel: channel.name, code, tenant_id: principal.tenantId, actor_id: principal.actor.id },
        'socket closed',
      )
    for (const tell of this.#waiting) tell(connection)
  }

  /** Does what an instance has announced, this one or another. */
  heard(announcement: SocketAnnouncement): void {
    if (announcement.kind === 'frame') this.#send(announcement)
    else if (announcement.kind === 'replace') this.#replace(announcement)
    else {
      const { channel, tenantId, actors } = announcement
      this.#upgrades.throwOff(channel, tenantId, actors)
      for (const connection of this.#hub.ofActors(channel, tenantId, actors)) {
        connection.end(closeCodes.notSignedIn, 'session_ended')
      }
    }
  }

  #send({ channel, tenantId, to, text }: FrameAnnouncement): void {
    const members =
      to?.actors && to.permission === undefined
        ? this.#hub.ofActors(channel, tenantId, to.actors)
        : this.#hub.members(channel, tenantId)
    let frame: Buffer | undefined
    for (const connection of members) {
      if (to && !isFor(connection, to)) continue
      frame ??= textFrame(text)
      connection.deliver(frame)
    }
  }

  #tellNewest({ id, channel, principal: { actor, tenantId } }: Connection): void {
    this.#parts.backplane.announce({ kind: 'replace', channel: channel.name, tenantId, actor: actor.id, socket: id })
  }

  #replace({ channel, tenantId, actor, socket }: ReplaceAnnouncement): void {
    this.#ids.heard(socket)
    for (const connection of this.#hub.ofActors(channel, tenantId, [actor])) {
      if (connection.id < socket) connection.end(closeCodes.replaced, 'replaced')
      // The other one had not heard of this one, and has to be closed where it is.
      else if (connection.id > socket && connection.open) this.#tellNewest(connection)
    }
  }

  #lookAfter(): void {
    const [now, time] = [performance.now(), this.#parts.runtime().now().getTime()]
    // A licence that has run out makes a new snapshot when somebody looks.
    this.#features?.current()
    for (const connection of this.#hub.all()) connection.beat(now, time)
    this.#recheck?.look()
  }

  /**
   * Ends the sockets that `which` picks, and waits until they are gone.
   * @param pauseMs after each hundred
   */
  async #closeAll(
    which: (connection: Connection) => boolean,
    code: CloseCode,
    reason: string,
    pauseMs = 0,
  ): Promise<void> {
    const left = new Set([...this.#hub.all()].filter(which))
    if (left.size === 0) return
    const done = Promise.withResolvers<void>()
    const gone = (connection: Connection): void => {
      left.delete(connection)
      if (left.size === 0) done.resolve()
    }
    this.#waiting.add(gone)
    const turns = new Turns()
    let ended = 0
    for (const connection of [...left]) {
      connection.end(code, reason)
      if (pauseMs > 0 && ++ended % AT_ONCE === 0) await pause(pauseMs)
      else if (turns.over) await turns.next()
    }
    // `ws` cuts who does not answer after `closeMs`.
    const timer = setTimeout(done.resolve, this.limits.closeMs + SLACK_MS)
    await done.promise
    clearTimeout(timer)
    this.#waiting.delete(gone)
  }
}

function isFor({ principal }: Connection, { actors, permission }: Recipients): boolean {
  if (actors?.includes(principal.actor.id)) return true
  return permission !== undefined && principal.permissions.has(permission)
}
