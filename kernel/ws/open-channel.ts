import type { IncomingMessage } from 'node:http'
import type { z } from 'zod'
import { parse } from '../http/input.ts'
import type { PluginHost } from '../plugins/host.ts'
import type { AnyChannel } from '../plugins/registrations.ts'
import type { AddedFrames, Additions } from './added-frames.ts'
import { ChannelCounts } from './channel-counts.ts'
import { getOrAdd } from './get-or-add.ts'
import type { SocketLimits } from './limits.ts'

const PREFIX = '/api/ws/'

/** The path under which a channel takes connections. */
export const channelPath = (name: string): string => `${PREFIX}${name}`

/** The channel that a path names; undefined for every other path. */
export function channelOf(path: string): string | undefined {
  return path.startsWith(PREFIX) ? path.slice(PREFIX.length) : undefined
}

/**
 * True for a request that asks for a WebSocket on a channel. Any other `Upgrade`, such as the `h2c` that some clients try, is
 * left aside and the request served as it is (RFC 9110, 7.8).
 */
export const isUpgrade = ({ url = '', headers }: IncomingMessage): boolean =>
  url.startsWith(PREFIX) && headers.upgrade?.toLowerCase() === 'websocket'

/** A channel of a running plugin. A plugin that is started again has other ones. */
export interface OpenChannel {
  readonly name: string
  readonly host: PluginHost
  readonly channel: AnyChannel
  /** What other plugins have added, as it is now. */
  readonly added: Additions
  readonly counts: ChannelCounts
  /** The key to hold; undefined: being signed in is enough. */
  readonly permission: `${string}:${string}` | undefined
  readonly maxBytes: number
  readonly perSecond: number
  readonly burst: number
}

/** What openings of one channel share, whatever its plugin does. */
export interface ChannelParts {
  readonly added: AddedFrames
  readonly counts: Map<string, ChannelCounts>
  readonly limits: SocketLimits
}

/** Puts together what every socket of a channel shares. */
export function openChannel(
  name: string,
  host: PluginHost,
  channel: AnyChannel,
  { added, counts, limits }: ChannelParts,
): OpenChannel {
  return {
    name,
    host,
    channel,
    added: added.of(name),
    counts: getOrAdd(counts, name, () => new ChannelCounts()),
    permission: channel.permission === 'signed-in' ? undefined : (channel.permission as `${string}:${string}`),
    maxBytes: channel.maxBytes ?? limits.maxBytes,
    perSecond: channel.limit?.perSecond ?? limits.perSecond,
    burst: channel.limit?.burst ?? limits.burst,
  }
}

/**
 * The data of a frame as its schema has it.
 * @throws Problem `invalid`, with the faults
 */
export const checkData = (schema: z.ZodType, data: unknown): unknown => parse(schema, data, 'data')
