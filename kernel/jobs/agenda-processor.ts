import { hostname } from 'node:os'
import type { Agenda, AgendaBackend, InMemoryNotificationChannel, Job, JobId } from 'agenda'
import { parking } from './parking.ts'

/** What the processor works with. */
export interface ProcessorOptions {
  readonly pollMs: number
  /** Milliseconds that Agenda's lock lasts. */
  readonly lockMs: number
  readonly maxConcurrency: number
  /** False for the name of a job that is not handed out now. */
  isRunning(name: string): boolean
  /** A turn is over, and Agenda has let go of it. */
  finished(job: Job): void
  /** The backend answers. */
  answered(): void
  failed(error: Error): void
}

/**
 * Agenda, and what it takes to keep it going. A job that it has locked, and that expires before it is begun, stays on its
 * list of locks for good, and no other of that name is locked any more; after a jump of the clock that is every job that
 * waits to be due. So what was handed out and not begun is watched, and Agenda started anew when it was forgotten.
 */
export class AgendaProcessor {
  readonly agenda: Agenda
  readonly #options: ProcessorOptions
  readonly #channel: InMemoryNotificationChannel
  /** When a job was locked that has not begun yet, by its id; milliseconds of a clock that never jumps. */
  readonly #lockedAt = new Map<string, number>()
  #forgotten = false
  #mending = false
  #stopped = false

  /** Makes one that does nothing before `start`. */
  static async on(backend: AgendaBackend, options: ProcessorOptions): Promise<AgendaProcessor> {
    const { Agenda, InMemoryNotificationChannel } = await import('agenda')
    const { pollMs, lockMs, maxConcurrency, finished, failed } = options
    const channel = new InMemoryNotificationChannel()
    const agenda = new Agenda({
      backend: parking(backend, {
        isRunning: options.isRunning,
        answered: options.answered,
        failed,
        locked: id => processor.#lockedAt.set(id, performance.now()),
        unlocked: id => processor.#lockedAt.delete(id),
      }),
      notificationChannel: channel,
      name: `${hostname()}/${process.pid}`,
      processEvery: pollMs,
      defaultLockLifetime: lockMs,
      maxConcurrency,
      lockLimit: maxConcurrency,
    })
    const processor = new AgendaProcessor(agenda, channel, options)
    agenda.on('error', failed)
    agenda.on('complete', (job: Job) => setImmediate(finished, job))
    await agenda.ready
    return processor
  }

  private constructor(agenda: Agenda, channel: InMemoryNotificationChannel, options: ProcessorOptions) {
    this.agenda = agenda
    this.#channel = channel
    this.#options = options
  }

  async start(): Promise<void> {
    await this.agenda.start()
  }

  /** Says that a job which was locked has begun. */
  begun({ attrs }: Job): void {
    this.#lockedAt.delete(String(attrs._id))
  }

  /** Lets Agenda look for jobs of a name now. */
  async wake(jobName: string): Promise<void> {
    if (this.#channel.state !== 'connected') return
    await this.#channel.publish({ jobName, jobId: '' as JobId, nextRunAt: null, priority: 0, timestamp: new Date() })
  }

  /** Starts Agenda anew when it has forgotten a job, or when `jumped`. What runs goes on. Never rejects. */
  async mend(jumped: boolean): Promise<void> {
    const { pollMs, lockMs, failed } = this.#options
    const before = performance.now() - pollMs - lockMs
    this.#forgotten ||= jumped || [...this.#lockedAt.values()].some(lockedAt => lockedAt < before)
    if (!this.#forgotten || this.#mending || this.#stopped) return
    this.#mending = true
    try {
      // It is no stop when it fails, because the locks cannot be given back; then it is tried again.
      await this.agenda.stop()
      this.#lockedAt.clear()
      this.#forgotten = false
      if (!this.#stopped) await this.agenda.start()
    } catch (error) {
      failed(error as Error)
    } finally {
      this.#mending = false
    }
  }

  /** Hands out nothing more, and gives back the locks of what has not begun. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.agenda.stop()
  }
}
