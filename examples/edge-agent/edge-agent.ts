import os from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Backoff } from './backoff.ts'
import { type CommandHandler, CommandRunner } from './command-runner.ts'
import { ApiError, type Command, DeviceApi, type DeviceFacts, type Outcome } from './device-api.ts'
import { DeviceStore, type Identity } from './device-store.ts'
import { downloadSnap } from './download-snap.ts'
import { EdgeSocket } from './edge-socket.ts'
import { EventBuffer } from './event-buffer.ts'

const POLL_SECONDS = 25
const SNAP = 'edgezu'

/** What an agent needs to know. */
export interface EdgeAgentOptions {
  /** The server, such as `http://localhost:8000`. */
  readonly url: string
  /** Where the device keeps its key and what it downloads. */
  readonly folder: string
  readonly facts: DeviceFacts
  /** Needed until the device is registered. */
  readonly provisioningKey?: string | undefined
  /** `socket` polls while it cannot connect; `poll` never connects. */
  readonly channel?: 'socket' | 'poll'
  /** Milliseconds between uploads of what has gathered. */
  readonly uploadMs?: number
  readonly log?: (line: string) => void
}

/**
 * The reference agent: registers once, stays connected or polls, does commands, uploads events, and updates itself from
 * snaps that it downloads. What it cannot tell now it keeps, and tells later.
 */
export class EdgeAgent {
  readonly events = new EventBuffer()
  readonly #options: EdgeAgentOptions
  readonly #store: DeviceStore
  readonly #stop = new AbortController()
  readonly #runner: CommandRunner
  #identity: Identity | undefined
  #api: DeviceApi | undefined
  #socket: EdgeSocket | undefined
  #version = '1.0.0'
  #work: Promise<unknown> = Promise.resolve()

  constructor(options: EdgeAgentOptions) {
    this.#options = options
    this.#store = new DeviceStore(options.folder)
    this.#runner = new CommandRunner(
      new Map<string, CommandHandler>([
        ['update_snap', payload => this.#update(payload)],
        ['restart_service', async ({ service }) => ({ service, restarted: true })],
        ['run_discovery', payload => this.#discover(payload)],
        ['config_update', async payload => ({ applied: Object.keys(payload) })],
      ]),
    )
  }

  /** The device's id, once registered. */
  get deviceId(): string | undefined {
    return this.#identity?.device_id
  }

  /** The version of the snap that is installed. */
  get version(): string {
    return this.#version
  }

  get connected(): boolean {
    return this.#socket !== undefined
  }

  /** Registers if need be, and begins to work. Resolves once registered; tries again for as long as it takes. */
  async start(): Promise<void> {
    this.#identity = (await this.#store.identity()) ?? (await this.#register())
    this.#api = new DeviceApi(this.#options.url, this.#identity.device_key)
    const reach = this.#options.channel === 'poll' ? this.#keepPolling() : this.#keepConnected()
    this.#work = Promise.all([reach, this.#keepUploading()])
  }

  /** Ends what is under way. What is not uploaded is lost with the process. */
  async stop(): Promise<void> {
    this.#stop.abort()
    this.#socket?.close()
    await this.#work
  }

  get #key(): string {
    return (this.#identity as Identity).device_key
  }

  get #stopped(): boolean {
    return this.#stop.signal.aborted
  }

  async #register(): Promise<Identity> {
    const { url, provisioningKey, facts } = this.#options
    if (!provisioningKey) throw new Error('this device is not registered yet and has no provisioning key')
    const backoff = new Backoff()
    for (;;) {
      try {
        const identity = await DeviceApi.register(url, provisioningKey, facts)
        await this.#store.remember(identity)
        this.#log(`registered as ${identity.device_id}`)
        return identity
      } catch (error) {
        if (this.#stopped || (error instanceof ApiError && !error.passing)) throw error
        await this.#wait(backoff, error, 'registering')
      }
    }
  }

  /** A socket while there is one to have, and polling in between. */
  async #keepConnected(): Promise<void> {
    const backoff = new Backoff()
    while (!this.#stopped) {
      try {
        const why = await this.#session(() => backoff.succeeded())
        if (why.final) {
          this.#log(`the server does not want this device any more: ${why.code} ${why.reason}`)
          this.#stop.abort()
          return
        }
        await this.#wait(backoff, `${why.code} ${why.reason}`, 'the socket has closed')
      } catch (error) {
        await this.#pollOnce(0).catch(() => undefined)
        await this.#wait(backoff, error, 'connecting')
      }
    }
  }

  /** One socket, from its opening to its end. */
  async #session(opened: () => void): Promise<{ code: number; reason: string; final: boolean }> {
    const ended = Promise.withResolvers<{ code: number; reason: string; final: boolean }>()
    const socket = await EdgeSocket.open(this.#options.url, this.#key, {
      command: command => void this.#obey(command, outcome => this.#acknowledge(socket, command, outcome)),
      closed: ended.resolve,
    })
    if (this.#stopped) socket.close()
    this.#socket = socket
    opened()
    this.#log('connected')
    socket.hello({ version: this.#version })
    const why = await ended.promise
    this.#socket = undefined
    return why
  }

  async #acknowledge(socket: EdgeSocket, { id }: Command, outcome: Outcome): Promise<void> {
    if (this.#socket === socket) socket.ack(id, outcome)
    else await this.#api?.ack(id, outcome)
  }

  async #keepPolling(): Promise<void> {
    const backoff = new Backoff()
    while (!this.#stopped) {
      try {
        await this.#pollOnce(POLL_SECONDS)
        backoff.succeeded()
      } catch (error) {
        await this.#wait(backoff, error, 'polling')
      }
    }
  }

  async #pollOnce(seconds: number): Promise<void> {
    const api = this.#api as DeviceApi
    for (const command of await api.commands(seconds, this.#stop.signal)) {
      await this.#obey(command, outcome => api.ack(command.id, outcome))
    }
  }

  async #obey(command: Command, tell: (outcome: Outcome) => Promise<void>): Promise<void> {
    const outcome = await this.#runner.run(command)
    this.#log(`${command.command}: ${outcome.status}${outcome.error ? ` (${outcome.error})` : ''}`)
    // What cannot be told now is asked for again: the server repeats what nobody acknowledged.
    await tell(outcome).catch((error: Error) => this.#log(`acknowledging: ${error.message}`))
  }

  async #keepUploading(): Promise<void> {
    const backoff = new Backoff()
    const { uploadMs = 5_000 } = this.#options
    while (!this.#stopped) {
      await this.#sleep(uploadMs)
      this.events.add('telemetry', telemetry())
      try {
        await this.#upload()
        backoff.succeeded()
      } catch (error) {
        if (error instanceof ApiError && !error.passing) this.#log(`the server refuses the events: ${error.message}`)
        await this.#wait(backoff, error, 'uploading')
      }
    }
  }

  async #upload(): Promise<void> {
    while (this.events.size > 0 && !this.#stopped) {
      const batch = this.events.batch()
      await (this.#socket ? this.#socket.ingest(batch) : (this.#api as DeviceApi).ingest(batch))
      this.events.uploaded(batch)
    }
  }

  /** Downloads and checks a package, and says so at each step; a real device would now hand it to snapd. */
  async #update({ snap_name: name = SNAP, version }: Command['payload']): Promise<unknown> {
    const api = this.#api as DeviceApi
    const target = String(version)
    const report = (status: string, error?: string): Promise<void> =>
      api.reportSnap(this.deviceId as string, {
        name,
        version: this.#version,
        target_version: target,
        status,
        ...(error === undefined ? {} : { error }),
      })
    await report('downloading')
    try {
      const offer = await api.snap(String(name), target)
      const file = await downloadSnap(offer, path.join(this.#options.folder, 'snaps'), this.#stop.signal)
      this.#version = target
      await report('installed')
      return { file: path.basename(file), sha256: offer.sha256 }
    } catch (error) {
      await report('failed', (error as Error).message)
      throw error
    }
  }

  /** Tells of the neighbours that a real agent would have found by looking; here, of this machine itself. */
  async #discover({ subnet }: Command['payload']): Promise<unknown> {
    const found = Object.values(os.networkInterfaces())
      .flatMap(addresses => addresses ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
    for (const { address, mac } of found) {
      this.events.add('discovery', { ip: address, mac, hostname: os.hostname(), open_ports: [], vendor: '' })
    }
    return { subnet, found: found.length }
  }

  async #wait(backoff: Backoff, why: unknown, what: string): Promise<void> {
    if (this.#stopped) return
    const ms = backoff.failed(why instanceof ApiError ? why.retryAfterMs : 0)
    this.#log(`${what}: ${why instanceof Error ? why.message : why}; again in ${(ms / 1000).toFixed(1)} s`)
    await this.#sleep(ms)
  }

  async #sleep(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined)
  }

  #log(line: string): void {
    this.#options.log?.(line)
  }
}

/** How this machine is. */
function telemetry(): Readonly<Record<string, number | string>> {
  const [name = 'none'] = Object.keys(os.networkInterfaces())
  return {
    cpu_percent: Math.min(100, Math.round(((os.loadavg()[0] ?? 0) / os.cpus().length) * 1000) / 10),
    memory_percent: Math.round((1 - os.freemem() / os.totalmem()) * 1000) / 10,
    interface: name,
    rx_bytes: 0,
    tx_bytes: 0,
  }
}
