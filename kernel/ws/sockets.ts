import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type Koa from 'koa'
import type {
  Announcement,
  FrameAnnouncement,
  ReplaceAnnouncement,
  WakeAnnouncement,
} from '../backplane/announcement.ts'
import type { Backplane } from '../backplane/backplane.ts'
import type { Recipients } from '../contract.ts'
import type { Problem } from '../errors.ts'
import type { Lifecycle } from '../http/app.ts'
import { addressKey } from '../http/limits.ts'
import { toProblem } from '../http/problem-json.ts'
import { rawAnswer } from '../http/raw-answer.ts'
import { addressOf, traceIdOf } from '../http/request-state.ts'
import type { RequestLine, RequestLog } from '../log/request-log.ts'
import type { PluginHost } from '../plugins/host.ts'
import type { Runtime } from '../runtime.ts'
import type { Features } from '../tenancy/features.ts'
import type { Acceptor } from './acceptor.ts'
import { AddedFrames } from './added-frames.ts'
import { Admission } from './admission.ts'
import { type CloseCode, closeCodes } from './close-codes.ts'
import type { Connection } from './connection.ts'
import { envelope, textFrame } from './frame.ts'
import { Hub } from './hub.ts'
import type { SocketLimits } from './limits.ts'
import { channelOf, channelPath } from './open-channel.ts'
import { Recheck } from './recheck.ts'
import { SocketIds } from './socket-ids.ts'

const SLACK_MS = 1_000

/** A frame to be sent to sockets of a tenant. */
export interface Publication {
  readonly channel: string
  readonly type: string
  readonly data: unknown
  readonly to?: Recipients | undefined
}

/** What the sockets of a kernel need. */
export interface SocketsParts {
  readonly limits: SocketLimits
  readonly backplane: Backplane
  readonly requestLog: RequestLog
  /** `ALLOW_ORIGINS`. */
  readonly origins: readonly string[]
  lifecycle(): Lifecycle
  runtime(): Runtime
  owner(segment: string): PluginHost | undefined
  /** The context of a request, as the app would make it: it knows the proxies in front. */
  context(request: IncomingMessage): Koa.Context
}

/** All sockets of one kernel: lets them in, sends to them, and closes them when they may not stay. */
export class Sockets {
  readonly limits: SocketLimits
  /** Frames that plugins add to the channels of others. */
  readonly added: AddedFrames
  readonly #parts: SocketsParts
  readonly #hub = new Hub()
  readonly #ids = new SocketIds()
  readonly #waiting = new Set<(gone: Connection) => void>()
  #closing = false
  #acceptor: Promise<readonly [Acceptor, typeof Connection]> | undefined
  #admission: Admission | undefined
  #recheck: Recheck | undefined
  #beat: NodeJS.Timeout | undefined
  #features: Features | undefined

  constructor(parts: SocketsParts) {
    this.#parts = parts
    this.limits = parts.limits
    this.added = new AddedFrames(parts.owner)
  }

  /** Sockets that are open. */
  get size(): number {
    return this.#hub.size
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
    void this.#open(request, stream as Socket, head)
  }

  /** Closes what a plugin that stops has open, and waits until it is gone. */
  closeChannelsOf(host: PluginHost): Promise<void> {
    return this.#closeAll(connection => connection.channel.host === host, closeCodes.notAllowed, 'plugin_stopped')
  }

  /** Tells every client to go to another instance, and waits until they are gone. Those who come are refused. */
  close(): Promise<void> {
    this.#closing = true
    return this.#closeAll(() => true, closeCodes.stopping, 'stopping')
  }

  /** Closes everything. */
  async stop(): Promise<void> {
    await this.close()
    clearInterval(this.#beat)
    await this.#recheck?.settled()
  }

  async #open(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    socket.on('error', ignore)
    const started = performance.now()
    const runtime = this.#parts.runtime()
    const ctx = this.#parts.context(request)
    const address = addressOf(ctx)
    const traceId = traceIdOf(ctx)
    const line: { -readonly [K in keyof RequestLine]: RequestLine[K] } = {
      method: ctx.method,
      url: ctx.originalUrl,
      status: 101,
      durationMs: 0,
      ip: address,
      traceId,
    }
    try {
      const channel = channelOf(ctx.path) ?? ''
      this.#admission ??= this.#newAdmission(runtime)
      const before = this.#recheck?.changes
      const visited = await this.#admission.check({ request, channel, address }, (principal, host) => {
        line.route = channelPath(channel)
        line.plugin = host.plugin.name
        line.tenantId = principal.tenantId
        line.actorId = principal.actor.id
      })
      const [acceptor, Made] = await this.#loaded()
      this.#admission.last(visited.visitor, visited.channel, address)
      socket.off('error', ignore)
      acceptor.accept(request, socket, head, visited.channel.maxBytes, ws => {
        const connection = new Made({
          id: this.#ids.next(),
          runtime,
          limits: this.limits,
          channel: visited.channel,
          ws,
          socket,
          ...visited.visitor,
          address,
          addressKey: addressKey(address),
          gone: this.#gone,
        })
        this.#hub.add(connection)
        this.#beat ??= setInterval(() => this.#lookAfter(), this.limits.beatMs).unref()
        if (visited.channel.channel.single) this.#tellNewest(connection)
        connection.begin()
        if (before !== this.#recheck?.changes) this.#recheck?.newcomer(connection)
      })
    } catch (error) {
      const refusal = toProblem(error, runtime.database.dialect)
      this.#refuse(socket, refusal, ctx.path, traceId)
      line.status = refusal.status
      line.error = refusal.code
      if (refusal.code === 'internal') runtime.log.error({ err: refusal.cause, trace_id: traceId }, refusal.message)
    }
    line.durationMs = performance.now() - started
    this.#parts.requestLog(line)
  }

  #newAdmission(runtime: Runtime): Admission {
    const { origins, owner, lifecycle } = this.#parts
    return new Admission({
      runtime,
      hub: this.#hub,
      limits: this.limits,
      origins,
      owner,
      lifecycle: () => (this.#closing ? 'stopping' : lifecycle()),
    })
  }

  #refuse(socket: Socket, refusal: Problem, path: string, traceId: string): void {
    if (socket.listenerCount('error') === 0) socket.on('error', ignore)
    if (!socket.writable) socket.destroy()
    else socket.end(rawAnswer(refusal, path, traceId), () => socket.destroy())
  }

  /** `ws`, which a server that nobody opens a socket on does without. */
  #loaded(): Promise<readonly [Acceptor, typeof Connection]> {
    this.#acceptor ??= Promise.all([import('./acceptor.ts'), import('./connection.ts')]).then(
      ([acceptor, connection]) => [new acceptor.Acceptor(this.limits), connection.Connection],
    )
    return this.#acceptor
  }

  readonly #gone = (connection: Connection, code: number): void => {
    this.#hub.delete(connection)
    const { principal, channel } = connection
    this.#parts
      .runtime()
      .log.debug(
        { channel: channel.name, code, tenant_id: principal.tenantId, actor_id: principal.actor.id },
        'socket closed',
      )
    for (const tell of this.#waiting) tell(connection)
  }

  /** Does what an instance has announced, this one or another. */
  heard(announcement: Exclude<Announcement, WakeAnnouncement>): void {
    if (announcement.kind === 'frame') this.#send(announcement)
    else if (announcement.kind === 'replace') this.#replace(announcement)
    else {
      const { channel, tenantId, actors } = announcement
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

  /** Ends the sockets that `which` picks, and waits until they are gone. */
  async #closeAll(which: (connection: Connection) => boolean, code: CloseCode, reason: string): Promise<void> {
    const left = new Set([...this.#hub.all()].filter(which))
    if (left.size === 0) return
    const done = Promise.withResolvers<void>()
    const gone = (connection: Connection): void => {
      left.delete(connection)
      if (left.size === 0) done.resolve()
    }
    this.#waiting.add(gone)
    for (const connection of left) connection.end(code, reason)
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

function ignore(): void {}
