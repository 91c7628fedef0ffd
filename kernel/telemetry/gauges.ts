import type { Meter, ObservableResult } from '@opentelemetry/api'
import type { Complain } from './complaints.ts'
import { type Metric, metricTable, type Reading } from './metric-table.ts'
import { ProcessReadings } from './process-readings.ts'
import { readQueues } from './queue-readings.ts'
import { type Readings, readPlugins, readPools, readTenants } from './readings.ts'
import { readBackplane, readSockets } from './socket-readings.ts'
import type { Watched } from './telemetry.ts'

const PATIENCE_MS = 5_000
/** Series of one metric that are remembered, so that they fall to 0 instead of standing still. */
const MOST_SERIES = 1_000

/**
 * The metrics that are read when they are exported. One reading serves all receivers and all metrics; nothing is read
 * when nothing is exported, nor after `unwatch`.
 */
export class Gauges {
  readonly #meter: Meter
  readonly #freshMs: number
  readonly #complain: Complain
  readonly #process = new ProcessReadings()
  readonly #registered = new Set<string>()
  readonly #readings = new Map<string, readonly Reading[]>()
  #watched: Watched | undefined
  #readAt = Number.NEGATIVE_INFINITY
  #refreshing: Promise<void> | undefined

  /** @param freshMs how old a reading may be; less than the time between two exports */
  constructor(meter: Meter, freshMs: number, complain: Complain) {
    this.#meter = meter
    this.#freshMs = freshMs
    this.#complain = complain
    for (const [name, metric] of Object.entries<Metric>(metricTable)) {
      if (metric.kind === 'gauge' || metric.kind === 'total') this.#register(name, metric)
    }
  }

  watch(watched: Watched): void {
    this.#watched = watched
    this.#readAt = Number.NEGATIVE_INFINITY
  }

  unwatch(): void {
    this.#watched = undefined
  }

  /** Lets go of what measures the process. */
  close(): void {
    this.#process.close()
  }

  #register(name: string, { kind, unit, description }: Metric): void {
    this.#registered.add(name)
    const options = { unit, description }
    const instrument =
      kind === 'total'
        ? this.#meter.createObservableCounter(name, options)
        : this.#meter.createObservableGauge(name, options)
    const series = new Map<string, Reading['attributes']>()
    instrument.addCallback(async result => {
      const readings = (await this.#read()).get(name)
      if (readings) observe(result, readings, series)
    })
  }

  /** The readings of now; what takes too long has the value before. Only one reading is under way at a time. */
  async #read(): Promise<Readings> {
    if (!this.#refreshing && performance.now() - this.#readAt > this.#freshMs) {
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, Math.min(this.#freshMs, PATIENCE_MS)).unref()
      const done = this.#gather().then(() => {
        clearTimeout(timer)
        this.#readAt = performance.now()
        this.#refreshing = undefined
      })
      this.#refreshing = Promise.race([done, late.promise])
    }
    await this.#refreshing
    return this.#readings
  }

  async #gather(): Promise<void> {
    await this.#attempt('measuring the process', () => this.#process.read())
    const watched = this.#watched
    if (!watched) return
    await this.#attempt('counting tenants', () => readTenants(watched))
    await this.#attempt('counting plugins', () => readPlugins(watched))
    await this.#attempt('looking at the connections', () => readPools(watched))
    await this.#attempt('counting sockets', () => readSockets(watched))
    await this.#attempt('looking at the backplane', () => readBackplane(watched))
    await this.#attempt('reading the queues', () => readQueues(watched))
    for (const host of watched.catalogue.hosts) {
      for (const gauge of host.gauges) {
        const name = `monozu.${host.plugin.name}.${gauge.name}`.replaceAll('-', '_')
        await this.#attempt(`reading ${name}`, async () => new Map([[name, await gauge.read()]]))
        if (this.#readings.has(name) && !this.#registered.has(name)) this.#register(name, { kind: 'gauge', ...gauge })
      }
    }
  }

  /** What cannot be read keeps its value. */
  async #attempt(what: string, read: () => Promise<Readings> | Readings): Promise<void> {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => late.reject(new Error(`took longer than ${PATIENCE_MS} ms`)), PATIENCE_MS).unref()
    try {
      const readings = await Promise.race([(async () => read())(), late.promise])
      for (const [name, values] of readings) this.#readings.set(name, values)
    } catch (error) {
      this.#complain(what, error)
    } finally {
      clearTimeout(timer)
    }
  }
}

/** The SDK goes on exporting the last value of a series that is no longer observed: such a one is told to be 0. */
function observe(
  result: ObservableResult,
  readings: readonly Reading[],
  series: Map<string, Reading['attributes']>,
): void {
  const gone = new Map(series)
  for (const { value, attributes } of readings) {
    const key = JSON.stringify(attributes ?? null)
    gone.delete(key)
    if (series.size < MOST_SERIES) series.set(key, attributes)
    result.observe(value, attributes)
  }
  for (const attributes of gone.values()) result.observe(0, attributes)
}
