import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type Koa from 'koa'
import { type Problem, problem } from '../errors.ts'
import type { Lifecycle } from '../http/app.ts'
import { addressKey } from '../http/limits.ts'
import { toProblem } from '../http/problem-json.ts'
import { rawAnswer } from '../http/raw-answer.ts'
import { addressOf, traceIdOf } from '../http/request-state.ts'
import type { RequestLine, RequestLog } from '../log/request-log.ts'
import type { PluginHost } from '../plugins/host.ts'
import type { Runtime } from '../runtime.ts'
import type { Acceptor } from './acceptor.ts'
import { Admission } from './admission.ts'
import type { Connection, ConnectionParts } from './connection.ts'
import type { Hub } from './hub.ts'
import type { SocketLimits } from './limits.ts'
import { channelOf, channelPath } from './open-channel.ts'

/** What is needed to let sockets in. */
export interface UpgradeParts {
  readonly hub: Hub
  readonly limits: SocketLimits
  readonly requestLog: RequestLog
  /** `ALLOW_ORIGINS`. */
  readonly origins: readonly string[]
  lifecycle(): Lifecycle
  runtime(): Runtime
  owner(segment: string): PluginHost | undefined
  /** The context of a request, as the app would make it: it knows the proxies in front. */
  context(request: IncomingMessage): Koa.Context
  /** Rises with each change of access. */
  changes(): number | undefined
  newId(): string
  /** Told of each socket before anything comes in; `stale`: access has changed since it was checked. */
  opened(connection: Connection, stale: boolean): void
  readonly gone: ConnectionParts['gone']
}

/** The line of the request log, as far as it is known. */
type Line = { -readonly [K in keyof RequestLine]: RequestLine[K] }

/** One that is being checked. */
interface Pending {
  readonly channel: string
  /** Who was thrown off the channel meanwhile. */
  readonly thrownOff: Set<string>
}

/** Answers upgrade requests: lets a socket in, or refuses it as the API would. */
export class Upgrades {
  readonly #parts: UpgradeParts
  readonly #pending = new Set<Pending>()
  #acceptor: Promise<readonly [Acceptor, typeof Connection]> | undefined
  #admission: Admission | undefined

  constructor(parts: UpgradeParts) {
    this.#parts = parts
  }

  /** These users or devices lose their sockets on a channel: those who are being let in, too. */
  throwOff(channel: string, tenantId: string, actors: readonly string[]): void {
    for (const pending of this.#pending) {
      if (pending.channel === channel) for (const actor of actors) pending.thrownOff.add(`${tenantId} ${actor}`)
    }
  }

  /** Serves one. */
  async open(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    socket.on('error', ignore)
    const started = performance.now()
    const runtime = this.#parts.runtime()
    const ctx = this.#parts.context(request)
    const address = addressOf(ctx)
    const traceId = traceIdOf(ctx)
    const line: Line = {
      method: ctx.method,
      url: ctx.originalUrl,
      status: 101,
      durationMs: 0,
      ip: address,
      traceId,
    }
    const pending: Pending = { channel: channelOf(ctx.path) ?? '', thrownOff: new Set() }
    this.#pending.add(pending)
    try {
      await this.#admit({ request, socket, head, address, line, pending })
    } catch (error) {
      const refusal = toProblem(error, runtime.database.dialect)
      refuse(socket, refusal, ctx.path, traceId)
      line.status = refusal.status
      line.error = refusal.code
      if (refusal.code === 'internal') runtime.log.error({ err: refusal.cause, trace_id: traceId }, refusal.message)
    } finally {
      this.#pending.delete(pending)
    }
    line.durationMs = performance.now() - started
    this.#parts.requestLog(line)
  }

  async #admit({
    request,
    socket,
    head,
    address,
    line,
    pending,
  }: {
    readonly request: IncomingMessage
    readonly socket: Socket
    readonly head: Buffer
    readonly address: string
    readonly line: Line
    readonly pending: Pending
  }): Promise<void> {
    const { limits, changes, newId, opened, gone } = this.#parts
    const runtime = this.#parts.runtime()
    this.#admission ??= new Admission({ ...this.#parts, runtime })
    const before = changes()
    const { visitor, channel } = await this.#admission.check(
      { request, channel: pending.channel, address },
      (principal, host) => {
        line.route = channelPath(pending.channel)
        line.plugin = host.plugin.name
        line.tenantId = principal.tenantId
        line.actorId = principal.actor.id
      },
    )
    const [acceptor, Made] = await this.#loaded()
    this.#admission.last(visitor, channel, address)
    const { tenantId, actor } = visitor.principal
    if (pending.thrownOff.has(`${tenantId} ${actor.id}`)) throw problem('unauthenticated', 'The access has just ended.')
    socket.off('error', ignore)
    acceptor.accept(request, socket, head, channel.maxBytes, ws => {
      const id = newId()
      const at = { address, addressKey: addressKey(address) }
      const connection = new Made({ id, runtime, limits, channel, ws, socket, ...visitor, ...at, gone })
      opened(connection, before !== changes())
    })
  }

  /** `ws`, which a server that nobody opens a socket on does without. */
  #loaded(): Promise<readonly [Acceptor, typeof Connection]> {
    this.#acceptor ??= Promise.all([import('./acceptor.ts'), import('./connection.ts')]).then(
      ([acceptor, connection]) => [new acceptor.Acceptor(this.#parts.limits), connection.Connection],
    )
    return this.#acceptor
  }
}

function refuse(socket: Socket, refusal: Problem, path: string, traceId: string): void {
  if (socket.listenerCount('error') === 0) socket.on('error', ignore)
  if (!socket.writable) socket.destroy()
  else socket.end(rawAnswer(refusal, path, traceId), () => socket.destroy())
}

function ignore(): void {}
