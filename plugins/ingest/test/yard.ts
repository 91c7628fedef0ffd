import { gzipSync } from 'node:zlib'
import type { ImplementationFn } from 'ava'
import { definePlugin, type EventRef } from '../../../kernel/contract.ts'
import type { Answer, Client } from '../../../kernel/testing/client.ts'
import {
  startTestKernel,
  type TenantName,
  type TestKernel,
  type TestKernelOptions,
} from '../../../kernel/testing/test-kernel.ts'
import { TestSocket } from '../../../kernel/testing/test-socket.ts'
import devices from '../../devices/plugin.ts'
import sites from '../../sites/plugin.ts'
import ingest from '../plugin.ts'
import { alertRaised, assetSeen, backupReported } from '../public.ts'

/** A registered device. */
export class TestDevice {
  readonly id: string
  readonly #key: string
  readonly #kernel: TestKernel

  constructor(kernel: TestKernel, id: string, key: string) {
    this.#kernel = kernel
    this.id = id
    this.#key = key
  }

  /** Sends a batch. */
  send(events: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.#kernel.anonymous.post('/v1/ingest', events, { 'x-device-key': this.#key, ...headers })
  }

  /** Sends bytes as they are. */
  sendRaw(body: string | Buffer, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const all = { 'content-type': 'application/json', 'x-device-key': this.#key, ...headers }
    return this.#kernel.anonymous.request('POST', '/v1/ingest', body, all)
  }

  sendPacked(events: unknown): Promise<Answer> {
    return this.sendRaw(gzipSync(JSON.stringify(events)), { 'content-encoding': 'gzip' })
  }

  async connect(): Promise<TestSocket> {
    return TestSocket.open(`${await this.#kernel.socketUrl()}/api/ws/edge`, { headers: { 'x-device-key': this.#key } })
  }
}

/** A kernel with sites, devices and ingest, a device at a site, and a plugin that hears all that ingest tells. */
export interface Yard extends AsyncDisposable {
  readonly kernel: TestKernel
  readonly user: Client
  readonly site: string
  readonly device: TestDevice
  /** What was told, as `[event, payload]`. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever was told
  heard(): Promise<[string, any][]>
  register(tenant?: TenantName, site?: string): Promise<TestDevice>
  /** All that is stored of the device, oldest first. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever the API answered
  stored(query?: string): Promise<any[]>
}

export async function startYard(options: TestKernelOptions = {}): Promise<Yard> {
  const told: [string, unknown][] = []
  const listener = definePlugin({
    name: 'listener',
    version: '1.0.0',
    title: 'Hears what ingest tells',
    segments: [],
    setup(kit) {
      const listen = (event: EventRef): void =>
        kit.on(event, async ({ payload }) => void told.push([event.id, payload]))
      for (const event of [alertRaised, assetSeen, backupReported]) listen(event)
    },
  })
  const kernel = await startTestKernel({ plugins: [sites, devices, ingest, listener] as never, ...options })
  const user = await kernel.as('a')
  const site: string = (await user.post('/sites', { name: 'Plant North' })).body.id
  async function register(tenant: TenantName = 'a', at?: string): Promise<TestDevice> {
    const admin = await kernel.as(tenant)
    const made = await admin.post('/edge/keys', { label: 'Line 1' })
    const key = made.body.provisioning_key
    const { body, status, text } = await kernel.anonymous.post(
      '/devices/register',
      { name: 'edge' },
      { 'x-provisioning-key': key },
    )
    if (status !== 201) throw new Error(`no device was registered: ${text}`)
    if (at !== undefined) await admin.patch(`/devices/${body.device_id}`, { site_id: at })
    return new TestDevice(kernel, body.device_id, body.device_key)
  }
  const device = await register('a', site)
  return {
    kernel,
    user,
    site,
    device,
    register,
    async heard() {
      await kernel.settled()
      return told
    },
    async stored(query = '') {
      const { body, status, text } = await user.get(`/ingest/events?sort=received_at&limit=200${query}`)
      if (status !== 200) throw new Error(text)
      return body.items
    },
    [Symbol.asyncDispose]: () => kernel[Symbol.asyncDispose](),
  }
}

/** Runs a test in a yard of its own. */
export const withYard =
  (run: (t: Parameters<ImplementationFn<[]>>[0], yard: Yard) => Promise<void>): ImplementationFn<[]> =>
  async t => {
    await using yard = await startYard()
    await run(t, yard)
  }

const AT = '2026-01-02T03:04:05.000Z'

/** An event of a log. */
export const line = (message: string, more: object = {}) => ({
  kind: 'log',
  timestamp: AT,
  data: { level: 'warn', message },
  ...more,
})

/** A security alert. */
export const alert = (title: string, more: object = {}, id?: string) => ({
  kind: 'security_alert',
  timestamp: AT,
  data: { title, severity: 'high', ...more },
  ...(id === undefined ? {} : { id }),
})

/** Something that was seen. */
export const seen = (data: object, id?: string) => ({
  kind: 'discovery',
  timestamp: AT,
  data,
  ...(id === undefined ? {} : { id }),
})
