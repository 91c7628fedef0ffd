import type { Actor, Call } from '../contract.ts'
import { problem } from '../errors.ts'

/** A user who came with an access token. */
export interface SignedInUser extends Actor {
  readonly kind: 'user'
  /** The log-in: the family id of its refresh tokens. */
  readonly sessionId: string
}

/**
 * The user of a call to the routes about oneself.
 * @throws Problem `forbidden` for devices and services, which have no account of their own
 */
export function signedInUser({ actor }: Call): SignedInUser {
  if (actor.kind === 'user' && 'sessionId' in actor) return actor as SignedInUser
  throw problem('forbidden', 'This is about the user who is logged in; log in as one.')
}
