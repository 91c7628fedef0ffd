import { CallCore, newTraceId, TenantCall } from '../call.ts'
import type { ChannelSocket, Context, Frames, ServiceClasses } from '../contract.ts'
import { type Problem, problem } from '../errors.ts'
import { problemBody, toProblem } from '../http/problem-json.ts'
import type { PluginHost } from '../plugins/host.ts'
import type { Runtime } from '../runtime.ts'
import { gate } from '../tenancy/gate.ts'
import type { AddedReceiver } from './added-frames.ts'
import type { Connection } from './connection.ts'
import { channelPath, checkData, type OpenChannel } from './open-channel.ts'
import type { Incoming } from './read-frame.ts'

type ChannelContext = Context<ServiceClasses, Record<never, never>> & { readonly socket: ChannelSocket<Frames> }

/** What a part of the work on a socket is: a frame, or its beginning or end. */
interface Part {
  /** Whose work it is: the channel's plugin, or another one that has added the frame. */
  readonly host: PluginHost
  /** What it may send. */
  readonly sends: Frames
  /** Of the frame; `opened` or `closed`. */
  readonly type: string
  /** The id that answers carry. */
  readonly id?: string | undefined
  readonly atomic: boolean
  /** Done also when the tenant may not use the plugin any more. */
  readonly always?: boolean
  run(context: ChannelContext): Promise<void> | void
}

/** Handles a frame of a socket; what goes wrong becomes an `error` frame with its id. Never rejects. */
export function handleFrame(runtime: Runtime, connection: Connection, incoming: Incoming): Promise<void> {
  const { type, id } = incoming
  const { channel } = connection
  const taken = takenBy(channel, type)
  if (!taken) {
    connection.fault(problem('invalid', unknownType(type, channel), { errors: [unknownFault] }), id)
    return Promise.resolve()
  }
  const { host, receiver, send } = taken
  const refused = gate(host.plugin.feature, runtime.tenant(connection.principal.tenantId)) ?? unavailable(host)
  if (refused) {
    connection.refuse(problemBody(refused, channelPath(channel.name), newTraceId()), id)
    return Promise.resolve()
  }
  let data: unknown
  try {
    data = checkData(receiver.data, incoming.data)
  } catch (error) {
    connection.fault(toProblem(error, runtime.database.dialect), id)
    return Promise.resolve()
  }
  return work(runtime, connection, {
    host,
    sends: send,
    type,
    id,
    atomic: receiver.atomic !== false,
    run: context => receiver.handle(data, context as never),
  })
}

/** Tells the plugin that a socket is open. Never rejects. */
export function tellOpened(runtime: Runtime, connection: Connection): Promise<void> {
  const { channel, host } = connection.channel
  return work(runtime, connection, {
    host,
    sends: channel.send,
    type: 'opened',
    atomic: true,
    run: context => channel.opened?.(context as never),
  })
}

/** Tells the plugin that a socket has closed. Never rejects. */
export function tellClosed(runtime: Runtime, connection: Connection): Promise<void> {
  const { channel, host } = connection.channel
  return work(runtime, connection, {
    host,
    sends: channel.send,
    type: 'closed',
    atomic: true,
    always: true,
    run: context => channel.closed?.(context as never),
  })
}

const unknownFault = { path: 'type', message: 'is not known here' }

/** Who takes frames of a type: the channel itself, or who has added them. */
function takenBy({ host, channel, added }: OpenChannel, type: string): AddedReceiver | undefined {
  const { receive, send } = channel
  const receiver = receive && Object.hasOwn(receive, type) ? receive[type] : undefined
  return receiver ? { host, receiver, send } : added.receive.get(type)
}

const unavailable = ({ plugin, state }: PluginHost): Problem | undefined =>
  state === 'running' ? undefined : problem('plugin_unavailable', `The plugin "${plugin.name}" is ${state}.`)

const unknownType = (type: string, { channel: { receive = {} }, added }: OpenChannel): string => {
  const known = [...Object.keys(receive), ...added.receive.keys()]
  const what = known.length > 0 ? `takes ${known.join(', ')}` : 'takes nothing'
  return `This channel ${what}, and not "${type}".`
}

/** Runs a part of a socket's work, which is seen where that is looked at. Never rejects. */
async function work(runtime: Runtime, connection: Connection, part: Part): Promise<void> {
  const { telemetry } = runtime
  if (!telemetry) await attempt(runtime, connection, part)
  else {
    const { actor, tenantId } = connection.principal
    const { type, host } = part
    const facts = { channel: connection.channel.name, type, plugin: host.plugin.name, tenantId, actorId: actor.id }
    await telemetry.frame(facts, () => attempt(runtime, connection, part))
  }
}

/** Does it as a call of its tenant, in one transaction unless it wants none. Gives back what was wrong, which is told. */
async function attempt(runtime: Runtime, connection: Connection, part: Part): Promise<Problem | undefined> {
  const { host, sends } = part
  const { actor, tenantId, permissions } = connection.principal
  const { telemetry } = runtime
  const core = new CallCore(runtime, {
    actor,
    address: connection.address,
    traceId: () => telemetry?.traceId(),
    signal: () => connection.signal,
  })
  core.defaultAction = `${connection.channel.name}.${part.type}`
  host.inFlight.enter()
  try {
    const state = runtime.tenant(tenantId)
    const refused = gate(host.plugin.feature, state)
    if (!state || (refused && !part.always)) throw refused
    const call = new TenantCall(core, host, state.tenant, permissions)
    const socket: ChannelSocket<Frames> = {
      id: connection.id,
      send(type, data) {
        const schema = Object.hasOwn(sends, type) ? sends[type] : undefined
        if (!schema) throw new Error(`channel "${connection.channel.name}" does not send "${type}" here`)
        if (runtime.checksAnswers) schema.parse(data)
        core.slot.afterCommit(() => connection.send(type, data, part.id))
      },
    }
    const context = Object.assign(host.tenantContext(call), { socket }) as unknown as ChannelContext
    const run = async (): Promise<void> => part.run(context)
    await (part.atomic ? core.slot.run(tenantId, run, { short: true }) : run())
    await core.flush(tenantId)
    return undefined
  } catch (error) {
    const failure = toProblem(error, runtime.database.dialect)
    if (failure.status >= 500 && !connection.signal.aborted) {
      const cause = failure.cause instanceof Error ? failure.cause : failure
      host.log.error(
        { err: cause, tenant_id: tenantId, trace_id: core.traceId, frame: core.defaultAction },
        `the frame ${core.defaultAction} failed`,
      )
    }
    connection.refuse(problemBody(failure, channelPath(connection.channel.name), core.traceId), part.id)
    return failure
  } finally {
    host.inFlight.leave()
  }
}
