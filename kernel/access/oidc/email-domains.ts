import { randomBytes } from 'node:crypto'
import { Resolver } from 'node:dns/promises'
import { z } from 'zod'
import type { Call } from '../../contract.ts'
import { newId } from '../../data/id.ts'
import { prepare } from '../../data/prepared.ts'
import { problem } from '../../errors.ts'
import { emailDomain, isPublicMailDomain } from './email-domain.ts'
import { requireWayIn, takeSettingsTurn } from './way-in.ts'

/** A domain that a tenant says is its own. */
export const domainBody = z
  .object({
    id: z.string(),
    domain: z.string(),
    challenge: z
      .object({ name: z.string(), type: z.literal('TXT'), value: z.string() })
      .describe('The DNS record that proves it'),
    checked_at: z.string().nullable(),
    verified_at: z.string().nullable(),
    created_at: z.string(),
  })
  .meta({ id: 'EmailDomain' })

/** What names a domain. */
export const newDomain = z.strictObject({ domain: emailDomain })

type DomainBody = z.output<typeof domainBody>

interface Row {
  id: string
  domain: string
  challenge: string
  checked_at: string | null
  verified_at: string | null
  created_at: string
}

interface Parts {
  /** DNS servers to ask; default: the system's. */
  readonly dnsServers: readonly string[]
  readonly platformProvider: boolean
}

const COLUMNS = ['id', 'domain', 'challenge', 'checked_at', 'verified_at', 'created_at']
const allDomains = prepare<object, Row>(from =>
  from
    .table('email_domains')
    .select(...COLUMNS)
    .orderBy('domain')
    .limit(1000),
)
const byId = prepare<{ id: string }, Row>((from, v) =>
  from
    .table('email_domains')
    .select(...COLUMNS)
    .where('id', v.id),
)

const MOST_DOMAINS = 100
const DNS_TIMEOUT_MS = 3_000
const PREFIX = 'monozu-verification='
const TAKEN = 'Another account has verified this domain. Whoever owns both asks the operators.'

/** The e-mail domains of a tenant: once proven, they lead those who log in with them to the tenant. */
export class EmailDomains {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async list({ db }: Call): Promise<DomainBody[]> {
    return (await db.all(allDomains, {})).map(toBody)
  }

  /**
   * Adds a domain that is still to be proven, in the call's transaction.
   * @throws Problem `invalid` for a public mail service, `conflict` for one that is there or too many
   */
  async add(call: Call, { domain }: z.output<typeof newDomain>): Promise<DomainBody> {
    if (isPublicMailDomain(domain)) {
      const message = 'is open to everybody, so it cannot be yours alone'
      throw problem('invalid', `${domain} ${message}.`, { errors: [{ path: 'body.domain', message }] })
    }
    await takeSettingsTurn(call.db)
    const present = await call.db.all(allDomains, {})
    if (present.some(row => row.domain === domain)) throw problem('conflict', `${domain} is in the list already.`)
    if (present.length >= MOST_DOMAINS) throw problem('conflict', `An account has at most ${MOST_DOMAINS} domains.`)
    const row = { id: newId(), domain, challenge: randomBytes(24).toString('base64url'), created_at: call.now() }
    await call.db.table('email_domains').insert(row)
    call.audit({ action: 'email_domain.created', resourceType: 'email_domain', resourceId: row.id, after: { domain } })
    return toBody((await call.db.first(byId, { id: row.id })) as Row)
  }

  /**
   * Looks for the proof in DNS, and then opens its own transaction.
   * @throws Problem `not_found`, `conflict` when the record is not there, or another tenant was first
   */
  async verify(call: Call, id: string): Promise<DomainBody> {
    const { db } = call
    const row = await this.#find(call, id)
    if (row.verified_at !== null) return toBody(row)
    const fault = await this.#look(call, row)
    const now = call.now()
    try {
      await db.transaction(async () => {
        const proven = fault === undefined ? { verified_at: now } : {}
        await db
          .table('email_domains')
          .where({ id, challenge: row.challenge })
          .update({ checked_at: now, ...proven })
        const after = { domain: row.domain, ...(fault === undefined ? { verified: true } : { verified: false }) }
        call.audit({ action: 'email_domain.checked', resourceType: 'email_domain', resourceId: id, after })
      })
    } catch (error) {
      if (!db.dialect.isUniqueViolation(error)) throw error
      throw problem('conflict', TAKEN)
    }
    if (fault !== undefined) throw problem('conflict', fault)
    return toBody(await this.#find(call, id))
  }

  /**
   * Takes a domain away, in the call's transaction. Users who have an address of it stay.
   * @throws Problem `not_found`, `conflict` when nobody could log in
   */
  async remove(call: Call, id: string): Promise<void> {
    await takeSettingsTurn(call.db)
    const { domain } = await this.#find(call, id)
    await call.db.table('email_domains').where('id', id).delete()
    await requireWayIn(call.db, this.#parts.platformProvider)
    call.audit({ action: 'email_domain.deleted', resourceType: 'email_domain', resourceId: id, before: { domain } })
  }

  async #find({ db }: Call, id: string): Promise<Row> {
    const row = await db.first(byId, { id })
    if (!row) throw problem('not_found', 'No e-mail domain has this id.')
    return row
  }

  /** What is missing, in words; undefined: the record is there. */
  async #look(call: Call, row: Row): Promise<string | undefined> {
    const { name, value } = challengeOf(row)
    const resolver = new Resolver({ timeout: DNS_TIMEOUT_MS, tries: 2 })
    if (this.#parts.dnsServers.length > 0) resolver.setServers([...this.#parts.dnsServers])
    try {
      const records = (await resolver.resolveTxt(name)).map(pieces => pieces.join(''))
      return records.includes(value)
        ? undefined
        : `${name} has ${records.length === 1 ? 'a TXT record' : 'TXT records'}, but none is "${value}".`
    } catch (error) {
      const { code } = error as { code?: string }
      if (code === 'ENODATA' || code === 'ENOTFOUND') return `There is no TXT record at ${name} yet.`
      call.log.warn({ err: error, domain: row.domain }, 'a domain could not be looked up')
      return `DNS did not answer for ${name}; try again later.`
    }
  }
}

const challengeOf = ({ domain, challenge }: Pick<Row, 'domain' | 'challenge'>) => ({
  name: `_monozu-challenge.${domain}`,
  type: 'TXT' as const,
  value: PREFIX + challenge,
})

const toBody = (row: Row): DomainBody => {
  const { id, domain, checked_at, verified_at, created_at } = row
  return { id, domain, challenge: challengeOf(row), checked_at, verified_at, created_at }
}
