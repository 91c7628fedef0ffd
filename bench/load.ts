import autocannon, { type Options, type Request } from 'autocannon'
import { cpuSeconds } from './cpu-time.ts'

/** One request that is sent again and again to one server. */
export interface Load {
  /** The server's name, as the table shows it. */
  name: string
  url: string
  /** `GET` unless told. */
  method?: string
  headers: Record<string, string>
  /** The body of request number `i` (from 0, over all rounds); none for a GET. */
  body?(i: number): unknown
  /** The server's process: with it, CPU time a request is measured. */
  pid?: number
}

/** How long and how wide: seconds a round, concurrent connections. */
export interface Effort {
  seconds: number
  connections: number
}

/** What one round of one load gave. */
export interface Sample {
  /** Answers with a status of 2xx. */
  requests: number
  requestsPerSecond: number
  /** Milliseconds. */
  p50: number
  p99: number
  /** Microseconds of CPU (user and system) that the server's process spent for each request. */
  cpuPerRequest: number | undefined
  /** Answers with another status, broken connections and time-outs: anything but 0 makes the round worthless. */
  failures: number
}

const sent = new WeakMap<Load, number>()

/** Sends one load for `effort.seconds` and says what came back. Never fails because something was slow. Main thread only. */
export async function measure(load: Load, effort: Effort): Promise<Sample> {
  const before = cpuSeconds(load.pid)
  const result = await autocannon({
    url: load.url,
    method: load.method ?? 'GET',
    headers: load.headers,
    connections: effort.connections,
    duration: effort.seconds,
    ...bodies(load),
  })
  const after = cpuSeconds(load.pid)
  const requests = result['2xx']
  const cpu = before === undefined || after === undefined ? undefined : after - before
  return {
    requests,
    requestsPerSecond: requests / result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    cpuPerRequest: cpu === undefined || requests === 0 ? undefined : (cpu * 1e6) / requests,
    failures: result.non2xx + result.errors,
  }
}

/** The samples of one load over all rounds, in order. */
export interface Series {
  name: string
  samples: Sample[]
}

/**
 * Measures the loads in turn, round by round (A B C, A B C, …), so that what else the machine does falls on all of them
 * alike. A first round of one second is thrown away.
 */
export async function interleave(loads: readonly Load[], effort: Effort & { rounds: number }): Promise<Series[]> {
  const series = loads.map(load => ({ load, name: load.name, samples: [] as Sample[] }))
  for (const { load } of series) await measure(load, { ...effort, seconds: 1 })
  for (let round = 0; round < effort.rounds; round++) {
    for (const { load, samples } of series) samples.push(await measure(load, effort))
  }
  return series.map(({ name, samples }) => ({ name, samples }))
}

function bodies(load: Load): Partial<Pick<Options, 'requests'>> {
  const { body } = load
  if (body === undefined) return {}
  const setupRequest = (request: Request) => {
    const i = sent.get(load) ?? 0
    sent.set(load, i + 1)
    return { ...request, body: JSON.stringify(body(i)) }
  }
  return { requests: [{ setupRequest }] }
}
