import { closeCodes } from '../ws/close-codes.ts'
import type { Reading, ReadName } from './metric-table.ts'
import type { Readings } from './readings.ts'
import type { Watched } from './telemetry.ts'

/** Codes that a client may close with, too (RFC 6455, 7.4.1); whatever else it sends counts as `other`. */
const told: ReadonlySet<number> = new Set([1000, 1002, 1005, 1006, 1007, ...Object.values(closeCodes)])

/** Sockets, their frames and how they closed, from memory. */
export function readSockets({ sockets }: Watched): Readings {
  const open: Reading[] = []
  const frames: Reading[] = []
  const closed: Reading[] = []
  for (const [channel, { received, sent, closed: codes }] of sockets.counts) {
    const attributes = { 'monozu.channel': channel }
    open.push({ value: sockets.openOn(channel), attributes })
    frames.push({ value: received, attributes: { ...attributes, 'network.io.direction': 'receive' } })
    frames.push({ value: sent, attributes: { ...attributes, 'network.io.direction': 'transmit' } })
    for (const [code, value] of Map.groupBy(codes, ([number]) => (told.has(number) ? String(number) : 'other'))) {
      const all = value.reduce((sum, [, count]) => sum + count, 0)
      closed.push({ value: all, attributes: { ...attributes, 'monozu.socket.close_code': code } })
    }
  }
  return new Map<ReadName, readonly Reading[]>([
    ['monozu.sockets', open],
    ['monozu.socket.frames', frames],
    ['monozu.socket.closes', closed],
  ])
}

/** The way to other instances, from memory; nothing where there is none. */
export function readBackplane({ backplane: { counts, fault } }: Watched): Readings {
  if (!counts) return new Map()
  const readings: [ReadName, readonly Reading[]][] = [
    ['monozu.backplane.up', [{ value: fault === undefined ? 1 : 0 }]],
    [
      'monozu.backplane.announcements',
      Object.entries(counts).map(([outcome, value]) => ({
        value,
        attributes: { 'monozu.announcement.outcome': outcome },
      })),
    ],
  ]
  return new Map(readings)
}
