/** The part of autocannon 9 that the benchmark uses (it ships no types). */
declare module 'autocannon' {
  export interface Request {
    body?: string
  }
  export interface Options {
    url: string
    method: string
    headers: Record<string, string>
    connections: number
    /** Seconds. */
    duration: number
    requests?: { setupRequest(request: Request): Request }[]
  }
  export interface Result {
    /** Seconds. */
    duration: number
    /** Broken connections and time-outs. */
    errors: number
    non2xx: number
    '2xx': number
    requests: { total: number }
    /** Milliseconds. */
    latency: { p50: number; p99: number }
  }
  export default function autocannon(options: Options): Promise<Result>
}
