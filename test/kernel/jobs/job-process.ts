import type { JobTiming } from '../../../kernel/jobs/job-timing.ts'

/** What a process is started with, as JSON in its first argument. */
export interface ProcessOptions {
  /** Its SQL database: a file, or a URL. */
  readonly place: string
  /** MongoDB for its jobs; undefined: the SQL database. */
  readonly mongo?: string | undefined
  readonly timing: Partial<JobTiming>
  /** Milliseconds by which its clock is wrong from the start. */
  readonly ahead?: number | undefined
}

/** What it is told. `release` lets every held run end, now and later; `jump` sets its clock. */
export type Command = { readonly release: true } | { readonly jump: number }

/** What it says: that it is there, that an attempt began, that its clock struck. */
export type Said =
  | { readonly ready: true }
  | { readonly started: string; readonly attempt: number }
  | { readonly tick: true }

const options = JSON.parse(process.argv[2] ?? '{}') as ProcessOptions
const say = (said: Said): void => void process.send?.(said)

// The clock of the machine, for everything in this process. Nothing else can set one back in a test.
let ahead = options.ahead ?? 0
const Real = Date
globalThis.Date = class extends Real {
  constructor(...args: [] | [string | number | Date]) {
    if (args.length === 0) super(Real.now() + ahead)
    else super(...(args as [string]))
  }
  static override now(): number {
    return Real.now() + ahead
  }
} as DateConstructor

const { openBeside } = await import('./open-beside.ts')
const { createScheduler } = await import('../../../kernel/jobs/scheduler.ts')
const { mongoStore } = await import('../../../kernel/jobs/mongo-store.ts')
const { memoryLog } = await import('./memory-log.ts')

// Whoever started it is gone.
process.on('disconnect', () => process.exit())

const released = Promise.withResolvers<void>()
process.on('message', (command: Command) => {
  if ('release' in command) released.resolve()
  else ahead = command.jump
})
const database = await openBeside(options.place)
const scheduler = createScheduler({
  database,
  store: options.mongo === undefined ? undefined : mongoStore(options.mongo),
  log: memoryLog(),
  tenantsFor: () => [],
  backoff: () => 600,
  timing: options.timing,
})
const job = { plugin: 'assets', scope: 'platform' } as const
scheduler.define({
  ...job,
  name: 'held',
  concurrency: 3,
  async run({ id, attempt }) {
    say({ started: id, attempt })
    await released.promise
  },
})
scheduler.define({
  ...job,
  name: 'quick',
  concurrency: 2,
  async run({ id, attempt }) {
    say({ started: id, attempt })
    await new Promise(resolve => setTimeout(resolve, 10))
  },
})
scheduler.define({
  ...job,
  name: 'second-try',
  async run({ id, attempt }) {
    say({ started: id, attempt })
    if (attempt === 1) throw new Error('not yet')
  },
})
scheduler.define({ ...job, name: 'clock', every: '0.1 seconds', run: async () => say({ tick: true }) })
await scheduler.start()
say({ ready: true })
