import type { ImplementationFn } from 'ava'
import type { Answer, Client } from '../../../kernel/testing/client.ts'
import { testsOnServer } from '../../../kernel/testing/test-database.ts'
import {
  startTestKernel,
  type TenantName,
  type TestKernel,
  type TestKernelOptions,
} from '../../../kernel/testing/test-kernel.ts'
import { TestSocket } from '../../../kernel/testing/test-socket.ts'
import sites from '../../sites/plugin.ts'
import devices from '../plugin.ts'

/** A server takes its time, above all one that many tests share. */
const WAIT_MS = testsOnServer ? 60_000 : 10_000

/** A registered device: what it sends carries its key. */
export class TestDevice {
  readonly id: string
  readonly key: string
  readonly #kernel: TestKernel

  constructor(
    kernel: TestKernel,
    { device_id, device_key }: { readonly device_id: string; readonly device_key: string },
  ) {
    this.#kernel = kernel
    this.id = device_id
    this.key = device_key
  }

  get headers(): Record<string, string> {
    return { 'x-device-key': this.key }
  }

  /** Commands to do now. */
  poll(wait = 0): Promise<Answer> {
    return this.#kernel.anonymous.get(`/commands?wait=${wait}`, this.headers)
  }

  ack(id: string, status = 'completed', more: object = {}): Promise<Answer> {
    return this.post(`/commands/${id}/ack`, { status, ...more })
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.#kernel.anonymous.post(path, body, this.headers)
  }

  /** Opens its socket, on this kernel or on another instance. */
  async connect(kernel: TestKernel = this.#kernel): Promise<TestSocket> {
    return TestSocket.open(`${await kernel.socketUrl()}/api/ws/edge`, { headers: this.headers })
  }
}

/** A kernel with just the sites and devices plugins. */
export class Fleet implements AsyncDisposable {
  readonly kernel: TestKernel
  /** A user of tenant `a` who may do everything. */
  readonly user: Client

  constructor(kernel: TestKernel, user: Client) {
    this.kernel = kernel
    this.user = user
  }

  /** Makes a provisioning key. */
  async provisioningKey(more: object = {}, tenant: TenantName = 'a'): Promise<string> {
    const made = await (await this.kernel.as(tenant)).post('/edge/keys', { label: 'Line 1', ...more })
    if (made.status !== 201) throw new Error(`no key was made: ${made.text}`)
    return made.body.provisioning_key
  }

  /** Registers with a key in the header. */
  register(
    key: string,
    body: object = { name: 'edge-1', location: 'Hall 2', type: 'network-sensor' },
  ): Promise<Answer> {
    return this.kernel.anonymous.post('/devices/register', body, { 'x-provisioning-key': key })
  }

  /** A device of a tenant. */
  async device(name = 'edge-1', tenant: TenantName = 'a', more: object = {}): Promise<TestDevice> {
    const { body, status, text } = await this.register(await this.provisioningKey(more, tenant), { name })
    if (status !== 201) throw new Error(`no device was registered: ${text}`)
    return new TestDevice(this.kernel, body)
  }

  /** Sends a command; default: one that a device can do in no time. Answers it as it is shown. */
  async send({ id }: TestDevice, command: object = { command: 'restart_service', payload: { service: 'sensor' } }) {
    const { status, body, text } = await this.user.post(`/devices/${id}/commands`, command)
    if (status !== 201) throw new Error(`no command was sent: ${text}`)
    return body
  }

  /** A command as it is now. */
  async command({ id }: TestDevice, commandId: string) {
    return (await this.user.get(`/devices/${id}/commands/${commandId}`)).body
  }

  /** A device as users see it. */
  async shown({ id }: Pick<TestDevice, 'id'>) {
    return (await this.user.get(`/devices/${id}`)).body
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kernel[Symbol.asyncDispose]()
  }
}

export async function startFleet(options: TestKernelOptions = {}): Promise<Fleet> {
  const kernel = await startTestKernel({ plugins: [sites, devices] as never, ...options })
  return new Fleet(kernel, await kernel.as('a'))
}

/** Runs a test on a fleet of its own. */
export const withFleet =
  (run: (t: Parameters<ImplementationFn<[]>>[0], fleet: Fleet) => Promise<void>): ImplementationFn<[]> =>
  async t => {
    await using fleet = await startFleet()
    await run(t, fleet)
  }

/** Waits until something is so. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = Date.now() + WAIT_MS
  while (Date.now() < deadline) {
    const found = await look()
    if (found) return found
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  throw new Error(`waited ${WAIT_MS / 1000} s until ${what}`)
}
