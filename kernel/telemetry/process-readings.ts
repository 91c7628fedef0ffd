import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { Reading, ReadName } from './metric-table.ts'
import type { Readings } from './readings.ts'

const RESOLUTION_MS = 20

/** What this process measures of itself: each reading covers the time since the one before. */
export class ProcessReadings {
  readonly #delay: ReturnType<typeof monitorEventLoopDelay>
  #utilization: EventLoopUtilization

  constructor() {
    this.#delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
    this.#delay.enable()
    this.#utilization = performance.eventLoopUtilization()
  }

  read(): Readings {
    const utilization = performance.eventLoopUtilization()
    const { user, system } = process.cpuUsage()
    const heap = getHeapStatistics()
    const one = (name: ReadName, value: number) => [name, [{ value }]] as const
    const readings = new Map<ReadName, readonly Reading[]>([
      one('nodejs.eventloop.delay.mean', this.#seconds(this.#delay.mean)),
      one('nodejs.eventloop.delay.p99', this.#seconds(this.#delay.percentile(99))),
      one('nodejs.eventloop.delay.max', this.#seconds(this.#delay.max)),
      one('nodejs.eventloop.utilization', performance.eventLoopUtilization(utilization, this.#utilization).utilization),
      one('process.memory.usage', process.memoryUsage.rss()),
      one('monozu.heap.used', heap.used_heap_size),
      one('monozu.heap.limit', heap.heap_size_limit),
      [
        'process.cpu.time',
        [
          { value: user / 1e6, attributes: { 'cpu.mode': 'user' } },
          { value: system / 1e6, attributes: { 'cpu.mode': 'system' } },
        ],
      ],
    ])
    this.#delay.reset()
    this.#utilization = utilization
    return readings
  }

  close(): void {
    this.#delay.disable()
  }

  /** Nanoseconds between two ticks of the timer, less the time it should have waited. */
  #seconds(nanoseconds: number): number {
    if (!Number.isFinite(nanoseconds)) return 0
    return Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000)
  }
}
