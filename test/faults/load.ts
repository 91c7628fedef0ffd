import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import type { Client } from './client.ts'

const PAUSE_MS = 20

/** How a load is made. */
export interface LoadOptions {
  /** Callers at a time; each waits for its answer before it asks again. Default 4. */
  readonly workers?: number
  /** Sends a write that failed again, under its `Idempotency-Key`, until it is acknowledged. Default false. */
  readonly repeat?: boolean
}

/** What came of a load so far. */
export class Load {
  /** Name of each asset whose creation was acknowledged, with its id. */
  readonly acknowledged = new Map<string, string>()
  /** Names that were sent, acknowledged or not. */
  readonly sent = new Set<string>()
  /** Answers by status, such as `POST 201`, and faults of the socket by code, such as `GET ECONNREFUSED`. */
  readonly outcomes = new Map<string, number>()
  /** The first few answers that were no 2xx, for the message of a failed test. */
  readonly refusals: unknown[] = []
  readonly #client: Client
  #repeat: boolean
  readonly #run = Math.random().toString(36).slice(2, 8)
  readonly #workers: Promise<void>[]
  #stopped = false

  /** Begins at once, and ends with the test at the latest. */
  constructor(t: ExecutionContext, client: Client, { workers = 4, repeat = false }: LoadOptions = {}) {
    this.#client = client
    this.#repeat = repeat
    t.teardown(() => this.abandon())
    this.#workers = Array.from({ length: workers }, (_, index) => this.#work(index))
  }

  /** Ends after the requests under way; with `repeat`, after their acknowledgement. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#workers)
  }

  /** Ends after the requests under way, acknowledged or not. */
  async abandon(): Promise<void> {
    this.#repeat = false
    await this.stop()
  }

  /** Waits until so many more writes were acknowledged. */
  async acknowledges(more: number): Promise<void> {
    const goal = this.acknowledged.size + more
    while (this.acknowledged.size < goal) await sleep(5)
  }

  /** Outcomes that are not among these, with how often they were seen. */
  others(...expected: string[]): Record<string, number> {
    return Object.fromEntries([...this.outcomes].filter(([outcome]) => !expected.includes(outcome)))
  }

  async #work(worker: number): Promise<void> {
    for (let turn = 0; !this.#stopped; turn += 1) {
      const name = `load ${this.#run} ${worker} ${turn}`
      this.sent.add(name)
      do {
        if (await this.#write(name)) break
        await sleep(PAUSE_MS)
      } while (this.#repeat)
      const id = this.acknowledged.get(name)
      if (id && !this.#stopped) await this.#send('GET', `/assets/${id}`)
    }
  }

  async #write(name: string): Promise<boolean> {
    const answer = await this.#send('POST', '/assets', { name, type: 'plc' }, { 'idempotency-key': name })
    if (answer?.status !== 201) return false
    this.acknowledged.set(name, answer.body.id)
    return true
  }

  async #send(method: string, path: string, body?: unknown, headers?: Record<string, string>) {
    try {
      const answer = await this.#client.send(method, path, body, headers)
      this.#count(`${method} ${answer.status}`)
      if (answer.status >= 300 && this.refusals.length < 5) this.refusals.push(answer.body)
      return answer
    } catch (error) {
      this.#count(`${method} ${(error as NodeJS.ErrnoException).code}`)
      await sleep(PAUSE_MS)
      return undefined
    }
  }

  #count(outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1)
  }
}

/** How often each asset name is stored, read through the API. */
export async function storedAssets(client: Client): Promise<Map<string, number>> {
  const names = new Map<string, number>()
  let cursor = ''
  do {
    const { status, body } = await client.get(`/assets?limit=200${cursor}`)
    if (status !== 200) throw new Error(`the list answered ${status}: ${JSON.stringify(body)}`)
    for (const { name } of body.items) names.set(name, (names.get(name) ?? 0) + 1)
    cursor = body.next_cursor === null ? '' : `&cursor=${encodeURIComponent(body.next_cursor)}`
  } while (cursor !== '')
  return names
}

/** What is wrong between a load and what is stored: lost acknowledgements, and writes done more than once. */
export function discrepancies(load: Load, stored: ReadonlyMap<string, number>): string[] {
  return [
    ...[...load.acknowledged.keys()].filter(name => !stored.has(name)).map(name => `lost: ${name}`),
    ...[...stored].filter(([, times]) => times > 1).map(([name, times]) => `${times} times: ${name}`),
  ]
}
