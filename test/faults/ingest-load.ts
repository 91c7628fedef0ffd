import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { Client } from './client.ts'
import type { Tenant } from './tenant.ts'

const PAUSE_MS = 20
const EVENTS = 20

/** Devices that send batches of events, and send each again until it is acknowledged, as an agent does. */
export class IngestLoad {
  /** Ids of events whose batch was answered with 204. */
  readonly acknowledged = new Set<string>()
  /** Answers and faults of the socket that were none of 204, with how often they were seen. */
  readonly others = new Map<string, number>()
  readonly #workers: Promise<void>[]
  #stopped = false
  #abandoned = false

  /** Begins at once, and ends with the test at the latest. */
  constructor(t: ExecutionContext, url: string, keys: readonly string[]) {
    t.teardown(async () => {
      this.#abandoned = true
      await this.stop()
    })
    this.#workers = keys.map((key, index) => this.#work(new Client(url, { 'x-device-key': key }), index))
  }

  /** Ends after the acknowledgement of the batches under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#workers)
  }

  /** Waits until so many more batches were acknowledged. */
  async acknowledges(batches: number): Promise<void> {
    const goal = this.acknowledged.size + batches * EVENTS
    while (this.acknowledged.size < goal) await sleep(5)
  }

  async #work(client: Client, device: number): Promise<void> {
    for (let turn = 0; !this.#stopped; turn += 1) {
      const batch = Array.from({ length: EVENTS }, (_, at) => eventOf(`${device}-${turn}-${at}`, at === 0))
      while (!(await this.#send(client, batch)) && !this.#abandoned) await sleep(PAUSE_MS)
    }
    client.close()
  }

  async #send(client: Client, batch: readonly { readonly id: string }[]): Promise<boolean> {
    const outcome = await client.post('/v1/ingest', batch).then(
      ({ status, body }) => (status === 204 ? 'stored' : `${status} ${body?.error}`),
      (error: NodeJS.ErrnoException) => String(error.code),
    )
    if (outcome === 'stored') for (const { id } of batch) this.acknowledged.add(id)
    else this.others.set(outcome, (this.others.get(outcome) ?? 0) + 1)
    return outcome === 'stored'
  }
}

function eventOf(id: string, isAlert: boolean) {
  const timestamp = new Date().toISOString()
  return isAlert
    ? { id, kind: 'security_alert', timestamp, data: { title: `alert ${id}`, severity: 'low' } }
    : { id, kind: 'telemetry', timestamp, data: { cpu_percent: 12.5, memory_percent: 40, interface: 'eth0' } }
}

/** Registers a device of a tenant; answers its key. */
export async function newDevice({ client }: Tenant, name: string): Promise<string> {
  const made = await client.post('/edge/keys', { label: name })
  const key = { 'x-provisioning-key': made.body.provisioning_key }
  const registered = await client.post('/devices/register', { name }, key)
  if (registered.status !== 201) throw new Error(`registering a device: ${JSON.stringify(registered.body)}`)
  return registered.body.device_key
}

/** All that a list has under a path, read through the API. */
// biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever the API answered
export async function allOf(client: Client, path: string): Promise<any[]> {
  const items: unknown[] = []
  for (let cursor = ''; ; ) {
    const { status, body } = await client.get(`${path}?limit=200${cursor}`)
    if (status !== 200) throw new Error(`${path} answered ${status}: ${JSON.stringify(body)}`)
    items.push(...body.items)
    if (body.next_cursor === null) return items
    cursor = `&cursor=${encodeURIComponent(body.next_cursor)}`
  }
}
