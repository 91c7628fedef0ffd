import type { Cloud, Taken } from './cloud.ts'
import type { Entry, LicenceBook, Terms } from './licence-book.ts'

const DAY_MS = 86_400_000
/** What a first licence gives when nobody says. */
const FIRST: Pick<Terms, 'plan' | 'features'> = { plan: 'enterprise', features: ['security', 'vpn', 'backup'] }

/** What came of issuing or sending a licence. */
export interface Sent {
  readonly entry: Entry
  /** What Cloud said; undefined when it did not take it, or it was not sent. */
  readonly taken: Taken | undefined
}

/** What a licence is to be. */
export interface Wanted {
  readonly plan: string | undefined
  readonly features: readonly string[] | undefined
  readonly days: number
}

/** Sells licences: writes them down first and sends them then, so that none is lost that Cloud could not take. */
export class Management {
  readonly #book: LicenceBook
  readonly #cloud: Cloud

  constructor(book: LicenceBook, cloud: Cloud) {
    this.#book = book
    this.#cloud = cloud
  }

  /** Issues a licence; what is not said stays as it was. */
  activate(tenantId: string, { plan, features, days }: Wanted): Promise<Entry> {
    const now = new Date()
    return this.#book.issue(tenantId, now, before => ({
      plan: plan ?? before?.plan ?? FIRST.plan,
      features: features ?? before?.features ?? FIRST.features,
      expires_at: new Date(now.getTime() + days * DAY_MS).toISOString(),
    }))
  }

  /** Ends a licence, now or some days ago. */
  expire(tenantId: string, daysAgo: number): Promise<Entry> {
    const now = new Date()
    return this.#book.issue(tenantId, now, before => {
      if (!before) throw new Error(`there is no licence of ${tenantId}; issue one with: activate ${tenantId}`)
      const expires_at = new Date(now.getTime() - 1_000 - daysAgo * DAY_MS).toISOString()
      return { plan: before.plan, features: before.features, expires_at }
    })
  }

  /** Sends a licence as it is, and notes how that went. Does not reject because of Cloud. */
  async send(tenantId: string): Promise<Sent> {
    const entry = await this.#book.find(tenantId)
    if (!entry) throw new Error(`there is no licence of ${tenantId}; issue one with: activate ${tenantId}`)
    try {
      const taken = await this.#cloud.send(entry)
      const delivered_at = new Date().toISOString()
      return { entry: await this.#book.delivered(entry, { delivered_at, error: null }), taken }
    } catch (error) {
      const noted = { delivered_at: null, error: (error as Error).message }
      return { entry: await this.#book.delivered(entry, noted), taken: undefined }
    }
  }

  /** Sends what Cloud has not got, one after the other. */
  async sendMissed(): Promise<Sent[]> {
    const sent: Sent[] = []
    for (const { tenant_id, delivered_at } of await this.#book.all()) {
      if (delivered_at === null) sent.push(await this.send(tenant_id))
    }
    return sent
  }
}
