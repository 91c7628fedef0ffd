/** What is told of a metric; `docs/telemetry.md` has the same table. */
export interface Metric {
  readonly kind: 'histogram' | 'counter' | 'up-down' | 'gauge' | 'total'
  /** UCUM, as OpenTelemetry writes units. */
  readonly unit: string
  readonly description: string
}

/**
 * Every metric of the kernel. `histogram`, `counter` and `up-down` are counted where things happen; a `gauge` and a
 * `total` (which only rises) are read when they are exported. Names without `monozu.` are OpenTelemetry's own.
 */
export const metricTable = {
  'http.server.request.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'Requests: how many, how long, by route, method and status.',
  },
  'http.server.active_requests': { kind: 'up-down', unit: '{request}', description: 'Requests under way.' },
  'db.client.operation.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'SQL statements, by operation and table.',
  },
  'monozu.job.duration': { kind: 'histogram', unit: 's', description: 'Attempts of jobs, by job and outcome.' },
  'monozu.event.delivery.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'Deliveries of events, by listener, event and outcome.',
  },
  'monozu.frame.duration': {
    kind: 'histogram',
    unit: 's',
    description: 'Frames of sockets that were handled, by channel and type.',
  },
  'monozu.log.errors': { kind: 'counter', unit: '{line}', description: 'Log lines of level error and fatal.' },
  'monozu.jobs': { kind: 'gauge', unit: '{run}', description: 'Runs queued, running, and failed in the last hour.' },
  'monozu.jobs.lateness': { kind: 'gauge', unit: 's', description: 'How long the oldest run that is due has waited.' },
  'monozu.outbox.waiting': {
    kind: 'gauge',
    unit: '{delivery}',
    description: 'Deliveries of events still to make; counted up to 10,000.',
  },
  'monozu.outbox.age': { kind: 'gauge', unit: 's', description: 'Age of the oldest event that a listener waits for.' },
  'monozu.outbox.failing': {
    kind: 'gauge',
    unit: '{lane}',
    description: 'Tenants whose events wait because the next one failed, by listener.',
  },
  'monozu.sockets': { kind: 'gauge', unit: '{socket}', description: 'Open sockets of this instance, by channel.' },
  'monozu.socket.frames': {
    kind: 'total',
    unit: '{frame}',
    description: 'Frames of sockets, by channel and direction.',
  },
  'monozu.socket.closes': {
    kind: 'total',
    unit: '{socket}',
    description: 'Sockets that have closed, by channel and close code.',
  },
  'monozu.backplane.up': { kind: 'gauge', unit: '1', description: '1 while other instances are reached, else 0.' },
  'monozu.backplane.announcements': {
    kind: 'total',
    unit: '{announcement}',
    description: 'Announcements to and from other instances, by what became of them.',
  },
  'db.client.connection.count': { kind: 'gauge', unit: '{connection}', description: 'Connections, by pool and state.' },
  'db.client.connection.max': { kind: 'gauge', unit: '{connection}', description: 'Connections that a pool may open.' },
  'db.client.connection.pending_requests': {
    kind: 'gauge',
    unit: '{request}',
    description: 'Work that waits for a connection, by pool.',
  },
  'monozu.tenants': { kind: 'gauge', unit: '{tenant}', description: 'Tenants, by the state of their licence.' },
  'monozu.plugins': { kind: 'gauge', unit: '{plugin}', description: 'Always 1: one series for each plugin and state.' },
  'nodejs.eventloop.delay.mean': {
    kind: 'gauge',
    unit: 's',
    description: 'Delay of the event loop since the last export.',
  },
  'nodejs.eventloop.delay.p99': { kind: 'gauge', unit: 's', description: 'The same, ninety-ninth percentile.' },
  'nodejs.eventloop.delay.max': { kind: 'gauge', unit: 's', description: 'The same, longest.' },
  'nodejs.eventloop.utilization': {
    kind: 'gauge',
    unit: '1',
    description: 'Share of the time since the last export that the event loop was busy.',
  },
  'process.cpu.time': { kind: 'total', unit: 's', description: 'Processor time, user and system.' },
  'process.memory.usage': { kind: 'gauge', unit: 'By', description: 'Resident memory.' },
  'monozu.heap.used': { kind: 'gauge', unit: 'By', description: 'JavaScript heap in use.' },
  'monozu.heap.limit': { kind: 'gauge', unit: 'By', description: 'Largest JavaScript heap.' },
} as const satisfies Record<string, Metric>

export type MetricName = keyof typeof metricTable

type OfKind<K extends Metric['kind']> = {
  [Name in MetricName]: (typeof metricTable)[Name]['kind'] extends K ? Name : never
}[MetricName]

/** Metrics that are counted where things happen. */
export type CountedName = OfKind<'histogram' | 'counter' | 'up-down'>
/** Metrics that are read when they are exported. */
export type ReadName = OfKind<'gauge' | 'total'>

/** One value of a metric that is read, with its attributes. */
export interface Reading {
  readonly value: number
  readonly attributes?: Readonly<Record<string, string>>
}
