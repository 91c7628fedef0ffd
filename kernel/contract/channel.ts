import type { z } from 'zod'
import type { Context, Refs, ServiceClasses } from './context.ts'
import type { GuestRef } from './refs.ts'

/** The type of each frame that goes one way, with the schema of its `data`. */
export type Frames = Readonly<Record<string, z.ZodType>>

/** One connection of a channel, while it is open; what is sent after its end is dropped. */
export interface ChannelSocket<F extends Frames> {
  /**
   * Told apart from all others by this text. Ids rise by time, over all instances too: of two sockets of one device the
   * one with the greater id is the newer, and what `closed` of the older one finds changed by the newer it leaves alone.
   */
  readonly id: string
  /**
   * Sends a frame to this client alone, once the transaction of the frame under way has committed. It carries the `id` of
   * the frame that is handled, so that the client knows what it answers.
   */
  send<T extends keyof F & string>(type: T, data: z.input<F[T]>): void
}

/** A frame that a channel takes from its clients. */
export interface Receiver<D extends z.ZodType, S extends ServiceClasses, U extends Refs, F extends Frames> {
  /** One line for the documentation. */
  readonly summary: string
  /** Schema of `data`; unknown fields are refused when it is a strict object. */
  readonly data: D
  /** False for work that opens its own transactions, because it runs long. Default: one transaction a frame. */
  readonly atomic?: boolean
  /** Frames of one socket are handled one after the other. A `Problem` that it throws becomes an `error` frame. */
  handle(data: z.output<D>, context: Context<S, U> & { readonly socket: ChannelSocket<F> }): Promise<void> | void
}

/** A WebSocket channel of the tenant, `/api/ws/<name>`: signed in, feature on, permission held, now and later. */
export interface Channel<
  Perm extends string,
  S extends ServiceClasses,
  U extends Refs,
  F extends Frames,
  R extends Frames,
> {
  /** One line for the documentation. */
  readonly summary: string
  readonly description?: string
  /** The permission to hold; `signed-in` asks for none. */
  readonly permission: Perm | 'signed-in'
  /** What the channel sends. The type `error` is the kernel's own. */
  readonly send: F
  /** What it takes; default: nothing. */
  readonly receive?: { readonly [T in keyof R]: Receiver<R[T], S, U, F> }
  /** Whom it is for; default: users, with an access token. Guests hold what their plugin says. */
  readonly guests?: GuestRef
  /** False: who comes with an API key is refused, because the channel is about the user who is signed in. */
  readonly apiKeys?: false
  /** True: one socket per user or guest, on all instances. A newer one closes the older with 4409 `replaced`. */
  readonly single?: boolean
  /** Largest frame taken, in bytes; default 64 kB. A larger one closes the socket with 4413. */
  readonly maxBytes?: number
  /** Frames taken from one socket; default 20 a second, 60 at once. More closes it with 4429. */
  readonly limit?: { readonly perSecond: number; readonly burst: number }
  /** Called once a socket is open, before its first frame is handled. */
  opened?(context: Context<S, U> & { readonly socket: ChannelSocket<F> }): Promise<void> | void
  /** Called when a socket has closed, after its last frame; the actor may have a newer one by then. */
  closed?(context: Context<S, U> & { readonly socket: Pick<ChannelSocket<F>, 'id'> }): Promise<void> | void
}

/** Frames that a plugin adds to the channel of another one. */
export interface ChannelFrames<S extends ServiceClasses, U extends Refs, F extends Frames, R extends Frames> {
  /** What its receivers may send. */
  readonly send?: F
  readonly receive: { readonly [T in keyof R]: Receiver<R[T], S, U, F> }
}
