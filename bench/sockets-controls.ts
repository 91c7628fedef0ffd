import type { IncomingMessage, ServerResponse } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What one fan-out sends. */
export interface FanOut {
  /** Messages, each to every socket. */
  readonly count: number
  /** Characters of a message's text. */
  readonly size: number
}

/** What a server holds, in bytes, after a collection. */
export interface Held {
  /** V8's heap, and what it keeps outside: buffers. */
  readonly heap: number
  readonly resident: number
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/**
 * The benchmark's own way into a server under test: `GET /held` and `POST /fan-out?count=…&size=…`. False for another path.
 * @param publish sends one message to every socket
 */
export function control(
  { url = '', method }: IncomingMessage,
  response: ServerResponse,
  publish: (text: string) => void,
): boolean {
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  if (pathname === '/held') {
    collect()
    collect()
    const { heapUsed, external, rss } = process.memoryUsage()
    response.end(JSON.stringify({ heap: heapUsed + external, resident: rss } satisfies Held))
    return true
  }
  if (pathname !== '/fan-out' || method !== 'POST') return false
  const text = 'x'.repeat(Number(searchParams.get('size')))
  for (let left = Number(searchParams.get('count')); left > 0; left--) publish(text)
  response.end()
  return true
}
