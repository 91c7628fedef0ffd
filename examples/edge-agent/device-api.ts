import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Identity } from './device-store.ts'
import type { EdgeEvent } from './event-buffer.ts'

const compress = promisify(gzip)
const TIMEOUT_MS = 15_000
/** Smaller bodies do not get smaller. */
const WORTH_GZIP = 1_000

/** The server said no; `code` is the `error` of its problem document. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  /** What `Retry-After` asks for, in milliseconds. */
  readonly retryAfterMs: number

  constructor(status: number, code: string, detail: string, retryAfterMs: number) {
    super(`${status} ${code}: ${detail}`)
    this.status = status
    this.code = code
    this.retryAfterMs = retryAfterMs
  }

  /** True when trying again with the same can help: the server is busy, starting or stopping. */
  get passing(): boolean {
    return this.status === 429 || this.status >= 500
  }
}

/** A command as the server hands it out. */
export interface Command {
  readonly id: string
  readonly command: string
  readonly payload: Readonly<Record<string, unknown>>
}

/** How a command ended. */
export interface Outcome {
  readonly status: 'completed' | 'failed' | 'rejected'
  readonly result?: unknown
  readonly error?: string
}

/** A package that the server offers. */
export interface SnapOffer {
  readonly name: string
  readonly version: string
  readonly download_url: string
  readonly sha256: string
  readonly size_bytes: number
}

/** What a device says of itself when it registers. */
export interface DeviceFacts {
  readonly name: string
  readonly location: string
  readonly type: string
}

/** The HTTP side of a device. Every call may reject with `ApiError`, or with what `fetch` throws when nobody answers. */
export class DeviceApi {
  readonly #base: string
  readonly #key: string

  /** @param base the server, such as `http://localhost:8000` */
  constructor(base: string, key: string) {
    this.#base = base.replace(/\/$/, '')
    this.#key = key
  }

  /** Registers with a key in the header; the answer's key is the only copy. */
  static async register(base: string, provisioningKey: string, facts: DeviceFacts): Promise<Identity> {
    const headers = { 'X-Provisioning-Key': provisioningKey, 'Content-Type': 'application/json' }
    const url = `${base.replace(/\/$/, '')}/api/v1/devices/register`
    return (await answered(url, { method: 'POST', headers, body: JSON.stringify(facts) })) as Identity
  }

  /** Commands to do now; waits up to `waitSeconds` for one. */
  async commands(waitSeconds: number, signal: AbortSignal): Promise<readonly Command[]> {
    const timeout = AbortSignal.timeout(waitSeconds * 1000 + TIMEOUT_MS)
    const url = `/api/v1/commands?wait=${waitSeconds}`
    return (await this.#ask('GET', url, undefined, AbortSignal.any([signal, timeout]))) as readonly Command[]
  }

  /** Says how a command ended. Saying it again is harmless. */
  async ack(commandId: string, outcome: Outcome): Promise<void> {
    await this.#ask('POST', `/api/v1/commands/${commandId}/ack`, outcome)
  }

  /** Uploads events; resolves when the server has all of them on disk. */
  async ingest(events: readonly EdgeEvent[]): Promise<void> {
    const json = Buffer.from(JSON.stringify(events))
    const small = json.length < WORTH_GZIP
    const headers = { 'Content-Type': 'application/json', ...(small ? {} : { 'Content-Encoding': 'gzip' }) }
    await this.#send('POST', '/v1/ingest', small ? json : await compress(json), headers)
  }

  /** The newest version in a channel. */
  async latestSnap(name: string, channel: string): Promise<SnapOffer> {
    const query = new URLSearchParams({ name, channel })
    return (await this.#ask('GET', `/api/v1/snaps/latest?${query}`)) as SnapOffer
  }

  /** One version. */
  async snap(name: string, version: string): Promise<SnapOffer> {
    const path = `/api/v1/snaps/${encodeURIComponent(name)}/${encodeURIComponent(version)}`
    return (await this.#ask('GET', path)) as SnapOffer
  }

  /** Says how far an update is. */
  async reportSnap(deviceId: string, report: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#ask('POST', `/api/v1/devices/${deviceId}/snaps`, report)
  }

  #ask(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown> {
    const json = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    return this.#send(method, path, json, json ? { 'Content-Type': 'application/json' } : {}, signal)
  }

  #send(
    method: string,
    path: string,
    body: Buffer | undefined,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<unknown> {
    return answered(`${this.#base}${path}`, {
      method,
      headers: { 'X-Device-Key': this.#key, ...headers },
      ...(body ? { body: new Uint8Array(body) } : {}),
      signal: signal ?? AbortSignal.timeout(TIMEOUT_MS),
    })
  }
}

async function answered(url: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(url, { redirect: 'error', ...init })
  const text = await response.text()
  if (response.ok) return text === '' ? undefined : JSON.parse(text)
  const { error = 'unknown', detail = '' } = problemOf(text)
  throw new ApiError(response.status, error, detail, Number(response.headers.get('Retry-After') ?? 0) * 1000)
}

function problemOf(text: string): { readonly error?: string; readonly detail?: string } {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
