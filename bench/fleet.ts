import { createHash, randomBytes, randomUUID } from 'node:crypto'
import Database from 'better-sqlite3'
import { WebSocket } from 'ws'

const AT_ONCE = 100

/** A device, as the benchmark knows it. */
export interface BenchDevice {
  readonly id: string
  readonly key: string
}

/** Writes devices straight into the database of a server that is stopped: registering thousands is limited by address. */
export function addDevices(file: string, tenantId: string, count: number): readonly BenchDevice[] {
  const database = new Database(file)
  const now = new Date().toISOString()
  const insert = database.prepare(
    `INSERT INTO devices (id, tenant_id, name, type, device_key, status, revision, created_at, updated_at)
     VALUES (?, ?, ?, 'network-sensor', ?, 'registered', 1, ?, ?)`,
  )
  const devices = Array.from({ length: count }, () => ({
    id: randomUUID(),
    key: `dvc_${randomBytes(32).toString('base64url')}`,
  }))
  database.transaction(() => {
    for (const [n, { id, key }] of devices.entries()) {
      const hash = createHash('sha256').update(key).digest('hex')
      insert.run(id, tenantId, `device ${n}`, hash, now, now)
    }
  })()
  database.close()
  return devices
}

/** Many devices of one process, each with its socket: they acknowledge commands and are otherwise quiet. */
export class Fleet implements Disposable {
  readonly #sockets = new Map<string, WebSocket>()
  readonly #waiting = new Map<string, (at: number) => void>()
  readonly #timers: NodeJS.Timeout[] = []

  /** Connects all, a hundred at a time. */
  static async connect(url: string, devices: readonly BenchDevice[]): Promise<Fleet> {
    const fleet = new Fleet()
    const address = `${url.replace('http', 'ws')}/api/ws/edge`
    for (let first = 0; first < devices.length; first += AT_ONCE) {
      await Promise.all(devices.slice(first, first + AT_ONCE).map(device => fleet.#open(address, device)))
    }
    return fleet
  }

  /** Each says that it is there at this interval, all of them spread over it. */
  beatEvery(ms: number): void {
    const beat = JSON.stringify({ type: 'heartbeat', data: {} })
    for (const socket of this.#sockets.values()) {
      const say = (): void => socket.send(beat)
      this.#timers.push(
        setTimeout(() => {
          say()
          this.#timers.push(setInterval(say, ms))
        }, Math.random() * ms),
      )
    }
  }

  /** Resolves with the time (`performance.now`) at which the next command reaches the device. */
  command(deviceId: string): Promise<number> {
    return new Promise(resolve => this.#waiting.set(deviceId, resolve))
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer)
    for (const socket of this.#sockets.values()) socket.terminate()
  }

  #open(address: string, { id, key }: BenchDevice): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(address, { headers: { 'X-Device-Key': key }, perMessageDeflate: false })
      this.#sockets.set(id, socket)
      socket.on('error', reject)
      socket.on('close', code => reject(new Error(`a socket was closed with ${code}`)))
      socket.on('open', () => {
        socket.send(JSON.stringify({ type: 'hello', data: { version: '1.0.0' } }))
        resolve()
      })
      socket.on('message', bytes => {
        const at = performance.now()
        const { type, data } = JSON.parse(String(bytes)) as { type: string; data: { id: string } }
        if (type !== 'command') return
        this.#waiting.get(id)?.(at)
        this.#waiting.delete(id)
        socket.send(JSON.stringify({ type: 'ack', data: { id: data.id, status: 'completed' } }))
      })
    })
  }
}
