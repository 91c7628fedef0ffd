import test from 'ava'
import { compare, table } from '../comparison.ts'
import type { Sample } from '../load.ts'

const sample = (requestsPerSecond: number, cpuPerRequest?: number): Sample => ({
  requests: requestsPerSecond,
  requestsPerSecond,
  p50: 1,
  p99: 2,
  cpuPerRequest,
  failures: 0,
})

test('ratios are taken round by round, so a slow moment of the machine does not count', t => {
  const series = [
    { name: 'base', samples: [sample(100, 10), sample(10, 10), sample(200, 10)] },
    { name: 'half', samples: [sample(50, 20), sample(5, 20), sample(100, 40)] },
  ]
  const [, half] = compare('a list', series, 'base').rows
  t.deepEqual(half?.ratio, { median: 0.5, lowest: 0.5, highest: 0.5 })
  t.is(half?.cpuRatio, 2)
  t.is(half?.requestsPerSecond, 50)
  t.is(half?.requests, 155)
})

test('a server without a known process has no CPU time', t => {
  const outcome = compare('a list', [{ name: 'base', samples: [sample(1)] }], 'base')
  t.is(outcome.rows[0]?.cpuPerRequest, undefined)
  t.regex(table(outcome), /^base +1 +1\.000/m)
})

test('a baseline that was not measured is refused', t => {
  t.throws(() => compare('a list', [], 'base'), { message: 'No series is named base' })
})
