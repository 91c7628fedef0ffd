import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** What Management knows of a tenant of Cloud: the licence, as it is sent, and whether Cloud has it. */
export interface Entry {
  readonly tenant_id: string
  readonly plan: string
  readonly features: readonly string[]
  /** ISO 8601, as the two below. */
  readonly expires_at: string
  readonly issued_at: string
  /** When Cloud took it; null: not yet. */
  readonly delivered_at: string | null
  /** Why the last delivery failed. */
  readonly error: string | null
}

/** What is sent of an entry (contract of the webhook and of the answer to Cloud). */
export type Licence = Omit<Entry, 'delivered_at' | 'error'>

type Book = Record<string, Entry>

const LOCK_MS = 10_000

/** The licences, in one JSON file that several processes may change: each change is made under a lock, and moved in place. */
export class LicenceBook {
  readonly #file: string

  /** @param file such as `data/management.json`; made with the first licence */
  constructor(file: string) {
    this.#file = file
  }

  async all(): Promise<Entry[]> {
    return Object.values(await this.#read()).sort((a, b) => (a.tenant_id < b.tenant_id ? -1 : 1))
  }

  async find(tenantId: string): Promise<Entry | undefined> {
    return (await this.#read())[tenantId]
  }

  /** Issues a licence: later than the one before, whatever the clock says, so that Cloud can tell which is newer. */
  issue(tenantId: string, now: Date, terms: (before: Entry | undefined) => Terms): Promise<Entry> {
    return this.#change(tenantId, before => {
      const last = before ? Date.parse(before.issued_at) + 1 : 0
      const issued_at = new Date(Math.max(now.getTime(), last)).toISOString()
      return { tenant_id: tenantId, ...terms(before), issued_at, delivered_at: null, error: null }
    })
  }

  /** Notes how a delivery ended, unless the licence has changed since. */
  delivered(sent: Licence, outcome: Pick<Entry, 'delivered_at' | 'error'>): Promise<Entry> {
    return this.#change(sent.tenant_id, entry => {
      if (!entry) throw new Error(`there is no licence of ${sent.tenant_id}`)
      return entry.issued_at === sent.issued_at ? { ...entry, ...outcome } : entry
    })
  }

  async #read(): Promise<Book> {
    let text: string
    try {
      text = await readFile(this.#file, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
      throw error
    }
    try {
      return JSON.parse(text) as Book
    } catch {
      throw new Error(`${this.#file} is damaged; mend it, or remove it to begin anew`)
    }
  }

  async #change(tenantId: string, to: (before: Entry | undefined) => Entry): Promise<Entry> {
    await mkdir(path.dirname(this.#file), { recursive: true })
    await using _lock = await lock(`${this.#file}.lock`)
    const book = await this.#read()
    const entry = to(book[tenantId])
    const aside = `${this.#file}.new`
    const content = JSON.stringify({ ...book, [tenantId]: entry }, undefined, 2)
    await writeFile(aside, `${content}\n`, { mode: 0o600, flush: true })
    await rename(aside, this.#file)
    return entry
  }
}

/** What Management decides about a licence. */
export type Terms = Pick<Entry, 'plan' | 'features' | 'expires_at'>

/** Waits for a lock file; one that a process left behind when it died is taken after ten seconds. */
async function lock(file: string): Promise<AsyncDisposable> {
  for (;;) {
    try {
      await (await open(file, 'wx')).close()
      return { [Symbol.asyncDispose]: () => rm(file, { force: true }) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const made = await stat(file).then(
        ({ mtimeMs }) => mtimeMs,
        () => Date.now(),
      )
      if (Date.now() - made > LOCK_MS) await rm(file, { force: true })
      else await pause(20)
    }
  }
}
