import type { IncomingMessage, ServerResponse } from 'node:http'

/** How long a client may go on sending after it was refused: enough to read the answer, and to end a body that ends. */
const LINGER_MS = 2_000

/**
 * Ends the connection of a request that was refused before its body had come in. Node would go on reading what nobody wants
 * until the time for a request is over, which is minutes.
 */
export function hangUpUnlessComplete({
  req,
  res,
}: {
  readonly req: IncomingMessage
  readonly res: ServerResponse
}): void {
  if (req.complete) return
  const hangUp = (): void => {
    if (!req.complete) req.destroy()
  }
  res.once('finish', () => setTimeout(hangUp, LINGER_MS).unref())
}
