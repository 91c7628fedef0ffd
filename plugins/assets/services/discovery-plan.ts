import { newId } from '../../../kernel/contract.ts'
import type { DiscoveredFields, DiscoveredRow, NewDiscoveredRow } from '../repositories/discovery-repository.ts'
import type { Sighting } from './sighting.ts'

/** An asset with what is going to be written into it. */
interface Draft {
  readonly row: DiscoveredRow
  readonly isNew: boolean
  fields: DiscoveredFields
}

/** An asset that discovery changes. */
export interface DiscoveryChange {
  readonly before: DiscoveredRow
  readonly fields: DiscoveredFields
}

/**
 * What becomes of sightings: they are assets that there are, by MAC, then by IP within the site; or new ones. A field that
 * a user has written stays: discovery writes where there is nothing, or what it has written itself.
 */
export class DiscoveryPlan {
  readonly #siteId: string | null
  readonly #now: string
  readonly #drafts: Draft[] = []
  readonly #byMac = new Map<string, Draft[]>()
  readonly #byIp = new Map<string, Draft[]>()
  readonly #pairs: ReadonlySet<string>

  /**
   * @param siteId where the device stands that saw them
   * @param known the assets that have one of the addresses, the oldest first
   */
  constructor(siteId: string | null, known: readonly DiscoveredRow[], sightings: readonly Sighting[], now: Date) {
    this.#siteId = siteId
    this.#now = now.toISOString()
    this.#pairs = new Set(sightings.map(({ mac, ip }) => `${mac} ${ip}`))
    for (const row of known) this.#add({ row, isNew: false, fields: fieldsOf(row) })
    for (const sighting of sightings) this.#see(sighting)
  }

  /** Assets to be added. */
  get added(): NewDiscoveredRow[] {
    return this.#drafts
      .filter(({ isNew }) => isNew)
      .map(({ row, fields }) => ({ ...row, ...fields, source: 'discovery' }))
  }

  /** Assets to be changed. */
  get changed(): DiscoveryChange[] {
    return this.#drafts
      .filter(({ row, isNew, fields }) => !isNew && JSON.stringify(fields) !== JSON.stringify(fieldsOf(row)))
      .map(({ row, fields }) => ({ before: row, fields }))
  }

  #see(sighting: Sighting): void {
    const draft = this.#find(sighting)
    if (draft) {
      draft.fields = this.#learned(draft, sighting)
      this.#index(draft)
    } else this.#add({ row: this.#newRow(sighting), isNew: true, fields: newFields(sighting) })
  }

  #find({ mac, ip }: Sighting): Draft | undefined {
    const same = (mac === null ? undefined : this.#byMac.get(mac)) ?? []
    const owner = same.find(({ row }) => row.site_id === this.#siteId) ?? same[0]
    if (owner || ip === null) return owner
    // Another MAC under the same IP is another device, which has the address now.
    return this.#byIp
      .get(ip)
      ?.find(
        ({ row, fields }) =>
          row.site_id === this.#siteId &&
          row.lifecycle !== 'decommissioned' &&
          fields.ip_address === ip &&
          (mac === null || fields.mac_address === null),
      )
  }

  #learned({ fields }: Draft, { ip, mac, vendor }: Sighting): DiscoveredFields {
    const learned = { ...fields }
    if (ip !== null && fields.ip_address === fields.discovered_ip && this.#moved(fields, ip)) {
      learned.ip_address = learned.discovered_ip = ip
    }
    if (mac !== null && fields.mac_address === null && fields.discovered_mac === null) {
      learned.mac_address = learned.discovered_mac = mac
    }
    if (vendor !== null && fields.producer === null && fields.discovered_producer === null) {
      learned.producer = learned.discovered_producer = vendor
    }
    return learned
  }

  /** A device with several addresses keeps the one it has while that is seen, and an IPv4 one before others. */
  #moved({ ip_address, mac_address }: DiscoveredFields, ip: string): boolean {
    if (ip_address === null) return true
    if (this.#pairs.has(`${mac_address} ${ip_address}`)) return false
    return !ip.includes(':') || ip_address.includes(':')
  }

  #add(draft: Draft): void {
    this.#drafts.push(draft)
    this.#index(draft)
  }

  #index(draft: Draft): void {
    const { mac_address, ip_address } = draft.fields
    put(this.#byMac, mac_address, draft)
    put(this.#byIp, ip_address, draft)
  }

  #newRow(sighting: Sighting): DiscoveredRow {
    const { hostname, ip, mac } = sighting
    return {
      id: newId(),
      name: hostname ?? ip ?? mac ?? '',
      type: 'other',
      site_id: this.#siteId,
      model: null,
      version: null,
      criticality: 'medium',
      lifecycle: 'discovered',
      cpes: '[]',
      external_key: null,
      created_at: this.#now,
      updated_at: this.#now,
      revision: 1,
      ...newFields(sighting),
    }
  }
}

function put(index: Map<string, Draft[]>, key: string | null, draft: Draft): void {
  if (key === null) return
  const known = index.get(key)
  if (!known) index.set(key, [draft])
  else if (!known.includes(draft)) known.push(draft)
}

const fieldsOf = (row: DiscoveredRow): DiscoveredFields => ({
  ip_address: row.ip_address,
  mac_address: row.mac_address,
  producer: row.producer,
  discovered_ip: row.discovered_ip,
  discovered_mac: row.discovered_mac,
  discovered_producer: row.discovered_producer,
})

const newFields = ({ ip, mac, vendor }: Sighting): DiscoveredFields => ({
  ip_address: ip,
  mac_address: mac,
  producer: vendor,
  discovered_ip: ip,
  discovered_mac: mac,
  discovered_producer: vendor,
})
