/** Limits of sockets. Times in milliseconds. */
export interface SocketLimits {
  /** Sockets of one tenant on this instance; 0: as many as come. */
  readonly perTenant: number
  /** Sockets of one address (IPv6: one /64) on this instance; 0: as many as come. */
  readonly perAddress: number
  /** Largest frame that a channel takes unless it says otherwise, in bytes. */
  readonly maxBytes: number
  /** Frames a second that a channel takes from one socket unless it says otherwise. */
  readonly perSecond: number
  /** Frames at once, after a pause. */
  readonly burst: number
  /** Bytes that may wait for a socket that does not read; then it is closed. */
  readonly maxBuffered: number
  /** Between two pings, each of which has to be answered before the next one. */
  readonly pingMs: number
  /** Between two looks at all sockets. */
  readonly beatMs: number
  /** What a client has to answer a close; then the connection is cut. */
  readonly closeMs: number
}

/** The limits where nobody says otherwise. */
export const defaultLimits: SocketLimits = {
  perTenant: 10_000,
  perAddress: 1_000,
  maxBytes: 65_536,
  perSecond: 20,
  burst: 60,
  maxBuffered: 1_048_576,
  pingMs: 30_000,
  beatMs: 1_000,
  closeMs: 5_000,
}

/** What a frame that cannot be read costs, in frames: who sends nothing else is soon too fast. */
export const BROKEN_COST = 5
/** Frames of one socket that may wait for the one that is handled. */
export const MOST_WAITING = 100
/** Bytes of them; then no more is read from the socket until some are done. A frame grows when it is parsed. */
export const MOST_WAITING_BYTES = 2_097_152
