import type { Series } from './load.ts'

/** One line of a comparison: medians over the rounds. */
export interface Row {
  name: string
  requestsPerSecond: number
  /** Requests per second over the baseline's of the same round: median, lowest and highest round. */
  ratio: { median: number; lowest: number; highest: number }
  /** Milliseconds. */
  p50: number
  p99: number
  /** Microseconds; undefined where the server's process is not known. */
  cpuPerRequest: number | undefined
  /** The server's CPU time a request over the baseline's, median of the rounds. */
  cpuRatio: number | undefined
  /** Over all rounds. */
  requests: number
  failures: number
}

/** A benchmark's outcome: what was sent, against which server the ratios are, one row a server. */
export interface Comparison {
  title: string
  baseline: string
  rounds: number
  rows: Row[]
}

/**
 * Sets every series against the one named `baseline`, round by round.
 * @throws {Error} when no series has that name
 */
export function compare(title: string, series: readonly Series[], baseline: string): Comparison {
  const base = series.find(one => one.name === baseline)
  if (base === undefined) throw new Error(`No series is named ${baseline}`)
  return { title, baseline, rounds: base.samples.length, rows: series.map(one => row(one, base)) }
}

/** The comparison as a table for a terminal. */
export function table(comparison: Comparison): string {
  const head = ['server', 'req/s', 'ratio', 'lowest–highest', 'p50 ms', 'p99 ms', 'CPU µs', 'CPU ratio', 'failures']
  const lines = comparison.rows.map(one => [
    one.name,
    one.requestsPerSecond.toFixed(0),
    one.ratio.median.toFixed(3),
    `${one.ratio.lowest.toFixed(3)}–${one.ratio.highest.toFixed(3)}`,
    one.p50.toFixed(0),
    one.p99.toFixed(0),
    one.cpuPerRequest?.toFixed(0) ?? '',
    one.cpuRatio?.toFixed(2) ?? '',
    one.failures.toFixed(0),
  ])
  const widths = head.map((title, i) => Math.max(title.length, ...lines.map(line => line[i]?.length ?? 0)))
  const aligned = [head, ...lines].map(line =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
  )
  const title = `${comparison.title} (ratio to ${comparison.baseline}, median of ${comparison.rounds} rounds)`
  return `${title}\n${aligned.join('\n')}\n`
}

function row(series: Series, base: Series): Row {
  const { samples } = series
  const of = (other: number | undefined, own: number | undefined) => (own === undefined || !other ? [] : [own / other])
  const ratios = samples.flatMap((one, i) => of(base.samples[i]?.requestsPerSecond, one.requestsPerSecond))
  const cpuRatios = samples.flatMap((one, i) => of(base.samples[i]?.cpuPerRequest, one.cpuPerRequest))
  const cpu = samples.flatMap(one => one.cpuPerRequest ?? [])
  return {
    name: series.name,
    requestsPerSecond: median(samples.map(one => one.requestsPerSecond)) ?? 0,
    ratio: { median: median(ratios) ?? 0, lowest: Math.min(...ratios), highest: Math.max(...ratios) },
    p50: median(samples.map(one => one.p50)) ?? 0,
    p99: median(samples.map(one => one.p99)) ?? 0,
    cpuPerRequest: median(cpu),
    cpuRatio: median(cpuRatios),
    requests: sum(samples.map(one => one.requests)),
    failures: sum(samples.map(one => one.failures)),
  }
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle]
  const lower = sorted.length % 2 === 0 ? sorted[middle - 1] : upper
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
