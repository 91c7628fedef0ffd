import type { Counter, Histogram, Meter, UpDownCounter } from '@opentelemetry/api'
import { type CountedName, type Metric, metricTable } from './metric-table.ts'

/** The metrics that are counted where things happen. */
export type Instruments = {
  readonly [Name in CountedName]: (typeof metricTable)[Name]['kind'] extends 'histogram'
    ? Histogram
    : (typeof metricTable)[Name]['kind'] extends 'counter'
      ? Counter
      : UpDownCounter
}

/** Upper bounds of the buckets of each histogram, in seconds. */
const buckets: Readonly<Record<string, number[]>> = {
  'http.server.request.duration': [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  'db.client.operation.duration': [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
  'monozu.job.duration': [0.01, 0.1, 1, 5, 10, 30, 60, 300, 600, 1800],
  'monozu.frame.duration': [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
  'monozu.event.delivery.duration': [0.001, 0.01, 0.1, 1, 10, 60],
}

/** Makes them. */
export function createInstruments(meter: Meter): Instruments {
  const made: Record<string, Histogram | Counter | UpDownCounter> = {}
  for (const [name, metric] of Object.entries<Metric>(metricTable)) {
    const options = { unit: metric.unit, description: metric.description }
    if (metric.kind === 'histogram') {
      made[name] = meter.createHistogram(name, {
        ...options,
        advice: { explicitBucketBoundaries: buckets[name] ?? [] },
      })
    } else if (metric.kind === 'counter') made[name] = meter.createCounter(name, options)
    else if (metric.kind === 'up-down') made[name] = meter.createUpDownCounter(name, options)
  }
  return made as Instruments
}
