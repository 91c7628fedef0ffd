import type { CustomFetch } from 'openid-client'
import { ProviderUnavailable } from './provider-fetch.ts'

interface Kept {
  readonly text: string
  /** Epoch milliseconds. */
  readonly fetchedAt: number
}

/** All that is kept together. */
const MOST_CHARACTERS = 8_000_000

/** Metadata and keys of identity providers, as they were sent: for a while, within bounds, fetched once at a time. */
export class DocumentCache {
  readonly #fetch: CustomFetch
  readonly #now: () => number
  readonly #most: number
  readonly #kept = new Map<string, Kept>()
  readonly #pending = new Map<string, Promise<string>>()
  #characters = 0

  constructor(fetch: CustomFetch, now: () => number, most = MOST_CHARACTERS) {
    this.#fetch = fetch
    this.#now = now
    this.#most = most
  }

  /** How many characters are kept. */
  get characters(): number {
    return this.#characters
  }

  /**
   * The JSON text behind an address, no older than `maxAgeMs`.
   * @throws {ProviderUnavailable} also for an answer other than 200
   */
  async get(url: string, maxAgeMs: number): Promise<string> {
    const kept = this.#kept.get(url)
    const age = kept ? this.#now() - kept.fetchedAt : Infinity
    if (kept && age >= 0 && age < maxAgeMs) return kept.text
    const pending = this.#pending.get(url)
    if (pending) return pending
    const fetching = this.#load(url).finally(() => this.#pending.delete(url))
    this.#pending.set(url, fetching)
    return fetching
  }

  async #load(url: string): Promise<string> {
    const response = await this.#fetch(url, {
      method: 'GET',
      headers: { accept: 'application/json' },
      body: undefined,
      redirect: 'manual',
    })
    if (response.status !== 200) {
      throw new ProviderUnavailable('server_error', `${new URL(url).host} answered ${response.status}`)
    }
    const text = await response.text()
    this.#forget(url)
    this.#kept.set(url, { text, fetchedAt: this.#now() })
    this.#characters += text.length
    for (const [oldest] of this.#kept) {
      if (this.#characters <= this.#most) break
      this.#forget(oldest)
    }
    return text
  }

  #forget(url: string): void {
    const kept = this.#kept.get(url)
    if (!kept) return
    this.#kept.delete(url)
    this.#characters -= kept.text.length
  }
}
