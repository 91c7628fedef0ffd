/** Why a socket is closed (RFC 6455, 7.4; contract 15.5). Clients decide by these numbers whether to come back. */
export const closeCodes = {
  /** The server stops, or is replaced: come back, to whichever instance answers. */
  stopping: 1001,
  /** What was sent to the socket was not read in time: come back, and read everything anew. */
  tooSlow: 1013,
  /** Not signed in any more: the token has expired, or its session has ended. Come back with a new token. */
  notSignedIn: 4401,
  /** The permission, the feature or the licence is gone, or the plugin was stopped. */
  notAllowed: 4403,
  /** A ping was not answered. */
  noPong: 4408,
  /** The channel takes one socket of each user or device, and a newer one has opened: do not come back with this one. */
  replaced: 4409,
  /** A frame was larger than the channel takes. */
  tooLarge: 4413,
  /** More frames, or more broken ones, than the channel takes. */
  tooFast: 4429,
} as const

/** One of the close codes of a channel. */
export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes]

/** RFC 6455, 7.4.1: the code that `ws` closes with when a frame is above its `maxPayload`. */
export const WS_TOO_LARGE = 1009
