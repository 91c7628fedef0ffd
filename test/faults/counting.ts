import path from 'node:path'
import { Client } from './client.ts'
import { eventually, secrets } from './server.ts'

/** The server whose jobs are looked at often. */
export const quickServer = path.join(import.meta.dirname, 'quick-server.ts')
/** Where the plugin is that counts runs. */
export const countingPlugin = { PLUGIN_DIRS: path.join(import.meta.dirname, 'plugins') }

/** A run of the job as it was noted by itself. */
export interface CountedRun {
  readonly mark: string
  readonly pid: number
  readonly ended: boolean
}

/** Speaks to the plugin that counts runs, at one instance. */
export class Counting {
  readonly #client: Client

  constructor(url: string) {
    this.#client = new Client(url, { 'x-internal-token': secrets.CLOUD_INTERNAL_API_TOKEN })
  }

  /** Queues a run for each mark; each takes so many milliseconds. Answers their ids. */
  async queue(marks: readonly string[], ms: number): Promise<string[]> {
    const { status, body } = await this.#client.post('/internal/counting', { marks, ms })
    if (status !== 200) throw new Error(`queueing: ${status} ${JSON.stringify(body)}`)
    return body
  }

  /** What began so far of the runs with these marks. */
  async runs(marks: readonly string[]): Promise<CountedRun[]> {
    const { status, body } = await this.#client.get('/internal/counting')
    if (status !== 200) throw new Error(`runs: ${status} ${JSON.stringify(body)}`)
    return (body as CountedRun[]).filter(({ mark }) => marks.includes(mark))
  }

  /** A run as the kernel has it. */
  async job(id: string): Promise<{ status: string; attempts: number; result: unknown }> {
    const { status, body } = await this.#client.get(`/internal/jobs/${id}`)
    if (status !== 200) throw new Error(`job: ${status} ${JSON.stringify(body)}`)
    return body
  }

  /** Waits until all of these have succeeded. */
  succeeded(ids: readonly string[]): Promise<void> {
    const left = new Set(ids)
    return eventually(`${ids.length} jobs to succeed`, async () => {
      for (const id of left) if ((await this.job(id)).status === 'succeeded') left.delete(id)
      return left.size === 0
    })
  }
}
