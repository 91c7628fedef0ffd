import type { Frames } from '../contract.ts'
import type { PluginHost } from '../plugins/host.ts'
import { type AnyChannel, type AnyChannelFrames, type AnyReceiver, PluginFault } from '../plugins/registrations.ts'
import { getOrAdd } from './get-or-add.ts'

/** A frame that a plugin takes on the channel of another one. */
export interface AddedReceiver {
  /** Whose it is, running or not. */
  readonly host: PluginHost
  readonly receiver: AnyReceiver
  /** What it may send. */
  readonly send: Frames
}

/** What plugins have added to one channel. */
export interface Additions {
  /** By type. */
  readonly receive: ReadonlyMap<string, AddedReceiver>
  /** Who has added what to it. */
  readonly frames: ReadonlyMap<PluginHost, AnyChannelFrames>
}

interface Channel extends Additions {
  readonly receive: Map<string, AddedReceiver>
  readonly frames: Map<PluginHost, AnyChannelFrames>
}

/**
 * The frames that plugins add to the channels of others, by channel. What a plugin has added stays known when it stops, so
 * that its frames are answered with `plugin_unavailable`; it makes room for a plugin that runs.
 */
export class AddedFrames {
  readonly #channels = new Map<string, Channel>()
  readonly #owner: (channel: string) => PluginHost | undefined

  /** @param owner whose channel it is, running or not */
  constructor(owner: (channel: string) => PluginHost | undefined) {
    this.#owner = owner
  }

  /** What was added to a channel: always the same object, which changes with what is added. */
  of(channel: string): Additions {
    return this.#channel(channel)
  }

  /**
   * Says what a plugin that starts adds, in place of what it added before.
   * @throws PluginFault when a type is somebody else's
   */
  add(host: PluginHost, added: ReadonlyMap<string, AnyChannelFrames>): void {
    for (const [name, frames] of added) {
      if (!this.#owner(name)) host.log.warn({ channel: name }, 'frames are added to a channel that no plugin has')
      for (const type of typesOf(frames)) {
        const other = this.#ownerOf(name, type)
        if (!other || other === host) continue
        throw new PluginFault(
          `plugin "${host.plugin.name}": the frame "${type}" of channel "${name}" belongs to the plugin ` +
            `"${other.plugin.name}"; give yours another type, such as "${host.plugin.name}.${type}"`,
        )
      }
    }
    for (const name of this.#channels.keys()) this.#remove(name, host)
    for (const [name, frames] of added) {
      const channel = this.#channel(name)
      for (const [stopped, theirs] of channel.frames) {
        if (!typesOf(theirs).isDisjointFrom(typesOf(frames))) this.#remove(name, stopped)
      }
      channel.frames.set(host, frames)
      for (const [type, receiver] of Object.entries(frames.receive)) {
        channel.receive.set(type, { host, receiver, send: frames.send ?? {} })
      }
    }
  }

  /** Takes away what clashes with a channel that opens, whose own frames win. */
  yieldTo(name: string, channel: AnyChannel): void {
    for (const [host, frames] of this.#channel(name).frames) {
      const [clash] = typesOf(frames).intersection(typesOf(channel))
      if (clash === undefined) continue
      this.#remove(name, host)
      if (host.state === 'running') {
        host.log.error(
          { channel: name, frame: clash },
          'the channel has a frame of this type: those added are not taken',
        )
      }
    }
  }

  #channel(name: string): Channel {
    return getOrAdd(this.#channels, name, () => ({ receive: new Map(), frames: new Map() }))
  }

  /** Who has a frame of this type, of those that run. */
  #ownerOf(name: string, type: string): PluginHost | undefined {
    const owner = this.#owner(name)
    const own = owner?.channels.get(name)
    if (own && typesOf(own.channel).has(type)) return owner
    for (const [host, frames] of this.#channels.get(name)?.frames ?? []) {
      if (host.state === 'running' && typesOf(frames).has(type)) return host
    }
    return undefined
  }

  #remove(name: string, host: PluginHost): void {
    const { receive, frames } = this.#channel(name)
    frames.delete(host)
    for (const [type, added] of receive) if (added.host === host) receive.delete(type)
  }
}

/** The types of frames that go either way. */
const typesOf = ({ send = {}, receive = {} }: AnyChannel | AnyChannelFrames): Set<string> =>
  new Set([...Object.keys(send), ...Object.keys(receive)])
