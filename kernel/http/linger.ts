import type { IncomingMessage, ServerResponse } from 'node:http'

/** How long a client may go on sending after it was refused: enough to read the answer, and to end a body that ends. */
const LINGER_MS = 5_000

/**
 * Reads on, and throws away, what a client sends after it was refused, so that it gets to read the answer and the
 * connection is good for its next request. Without it a body that was half read would block the connection. Who does not
 * come to an end is hung up on.
 */
export function lingerUntilComplete(req: IncomingMessage, res: ServerResponse): void {
  if (req.complete) return
  res.once('finish', () => {
    req.resume()
    if (req.complete) return
    const hangUp = setTimeout(() => {
      if (!req.complete) req.destroy()
    }, LINGER_MS).unref()
    req.once('close', () => clearTimeout(hangUp))
  })
}
