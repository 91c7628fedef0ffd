import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** What a device keeps for good: who it is, and the key that proves it. */
export interface Identity {
  readonly device_id: string
  readonly device_key: string
  readonly tenant_id: string
}

/** A folder of one device. The key is readable by its owner only. */
export class DeviceStore {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /** Undefined before the first registration. */
  async identity(): Promise<Identity | undefined> {
    try {
      return JSON.parse(await readFile(this.#file, 'utf8')) as Identity
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Written aside and moved, so that a power cut leaves the old one or the new one. */
  async remember(identity: Identity): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 })
    const aside = `${this.#file}.new`
    await writeFile(aside, `${JSON.stringify(identity, undefined, 2)}\n`, { mode: 0o600, flush: true })
    await rename(aside, this.#file)
  }

  get #file(): string {
    return path.join(this.folder, 'identity.json')
  }
}
