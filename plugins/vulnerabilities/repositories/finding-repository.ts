import { newId, prepare, type TenantDb } from '../../../kernel/contract.ts'
import type { CveFacts } from '../../cve-feed/public.ts'
import { type CopiedFacts, copiedFacts, type Finding, sameFacts } from '../finding.ts'
import { riskScore } from '../risk.ts'
import { activeStatuses, type Status } from '../vulnerability.ts'

/** A stored vulnerability, as matching compares it. */
export interface StoredFinding extends Omit<CopiedFacts, 'kev' | 'cvss_order' | 'epss_order'> {
  readonly id: string
  readonly asset_id: string
  readonly cve_id: string
  readonly status: Status
  readonly confidence: 'confirmed' | 'possible'
  readonly criteria: string
  readonly criteria_hash: string
  readonly kev: unknown
  readonly revision: number
}

type StoredFacts = Pick<StoredFinding, 'confidence' | Exclude<keyof CopiedFacts, 'cvss_order' | 'epss_order'>>

const facts = [
  'cvss_score',
  'cvss_version',
  'cvss_vector',
  'epss',
  'epss_percentile',
  'kev',
  'kev_due_date',
  'exploits',
  'severity',
] as const
const compared = ['id', 'asset_id', 'cve_id', 'status', 'confidence', 'criteria', 'criteria_hash', 'revision', ...facts]

/** Ids that one statement names; SQL Server takes 2,100 values. */
const BATCH = 500

const KEY = ['asset_id', 'tenant_id', 'cve_id'] as const
const OVERWRITTEN = [
  ...facts,
  'cvss_order',
  'epss_order',
  'confidence',
  'criteria',
  'criteria_hash',
  'risk',
  'last_seen',
  'updated_at',
  'revision',
] as const

const factsOfCve = prepare<{ cveId: string }, StoredFacts>((from, v) =>
  from
    .table('vulnerabilities')
    .where('cve_id', v.cveId)
    .whereNot('status', 'resolved')
    .distinct('confidence', ...facts),
)

/** The columns of a new row but for its tenant. */
const INSERTABLE = [
  ...['id', 'asset_id', 'cve_id', 'status', 'cvss_score', 'cvss_version', 'cvss_vector', 'epss', 'epss_percentile'],
  ...['kev', 'kev_due_date', 'exploits', 'severity', 'cvss_order', 'epss_order', 'confidence', 'criteria'],
  ...['criteria_hash', 'risk', 'first_seen', 'last_seen', 'created_at', 'updated_at', 'revision'],
] as const

/** Rows that are inserted at once: 25 values each. */
const INSERTED = 50

const nameOf = (column: string, at: number): string => `${column}${at}`

/** Built once: Knex takes longer to build such a statement than SQLite takes to run it. */
const insertion = prepare<Record<string, unknown>, never>((from, v) =>
  from
    .table('vulnerabilities')
    .insert(
      Array.from({ length: INSERTED }, (_, at) =>
        Object.fromEntries(INSERTABLE.map(column => [column, v[nameOf(column, at)]])),
      ),
    ),
)

const VALUE_NAMES = Array.from({ length: INSERTED }, (_, at) => INSERTABLE.map(column => nameOf(column, at)))

function valuesOf(rows: readonly Readonly<Record<string, unknown>>[]): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const [at, names] of VALUE_NAMES.entries()) {
    for (const [index, name] of names.entries()) values[name] = rows[at]?.[INSERTABLE[index] as string]
  }
  return values
}

/** A finding, the asset it is about, and what is stored of the two. */
export interface Match {
  readonly assetId: string
  readonly finding: Finding
  readonly stored?: StoredFinding
}

/** The tenant's vulnerabilities as matching writes them: many at a time, inside the caller's transaction. */
export class FindingRepository {
  readonly #db: TenantDb

  constructor({ db }: { db: TenantDb }) {
    this.#db = db
  }

  /** What is stored for these assets (at most 500), all of it or only of these CVEs. */
  async stored(assetIds: readonly string[], cveIds?: readonly string[]): Promise<StoredFinding[]> {
    const query = () => this.#db.table('vulnerabilities').whereIn('asset_id', assetIds).select(compared)
    if (!cveIds) return query()
    const found: StoredFinding[] = []
    for (let start = 0; start < cveIds.length; start += BATCH) {
      found.push(...((await query().whereIn('cve_id', cveIds.slice(start, start + BATCH))) as StoredFinding[]))
    }
    return found
  }

  /** Adds them; one that another run has added meanwhile stays as it is. */
  async insert(matches: readonly Match[], now: Date): Promise<void> {
    const rows = matches.map(match => this.#row(match, now))
    let start = 0
    for (; start + INSERTED <= rows.length; start += INSERTED) {
      const part = rows.slice(start, start + INSERTED)
      try {
        await this.#db.all(insertion, valuesOf(part))
      } catch (error) {
        if (!this.#db.dialect.isUniqueViolation(error)) throw error
        await this.#db.upsert('vulnerabilities', part, KEY, [])
      }
    }
    await this.#db.upsert('vulnerabilities', rows.slice(start), KEY, [])
  }

  /** Writes what changed of stored vulnerabilities, but for their status. */
  overwrite(matches: readonly Match[], now: Date): Promise<void> {
    const rows = matches.map(match => this.#row(match, now))
    return this.#db.upsert('vulnerabilities', rows, KEY, OVERWRITTEN)
  }

  /** A new round: what users said of it before is about the match that was. */
  reopen(ids: readonly string[], now: Date): Promise<number> {
    return this.#set(ids, { status: 'open', reason: null, accepted_until: null, resolved_at: null }, now)
  }

  resolve(ids: readonly string[], now: Date): Promise<number> {
    return this.#set(ids, { status: 'resolved', accepted_until: null, resolved_at: now.toISOString() }, now)
  }

  /** Resolves everything of these assets: nothing matches them any more. */
  async resolveAll(assetIds: readonly string[], now: Date): Promise<number> {
    const time = now.toISOString()
    let resolved = 0
    for (let start = 0; start < assetIds.length; start += BATCH) {
      resolved += await this.#db
        .table('vulnerabilities')
        .whereIn('asset_id', assetIds.slice(start, start + BATCH))
        .whereNot('status', 'resolved')
        .update({ status: 'resolved', accepted_until: null, resolved_at: time, updated_at: time })
        .increment('revision')
    }
    return resolved
  }

  /** Notes that what these assets (at most 500) have still matches, where that was last noted before `since`. */
  async seen(assetIds: readonly string[], since: Date, now: Date): Promise<void> {
    await this.#db
      .table('vulnerabilities')
      .whereIn('asset_id', assetIds)
      .whereNot('status', 'resolved')
      .where('last_seen', '<', since.toISOString())
      .update({ last_seen: now.toISOString() })
  }

  /** Assets that have vulnerabilities. */
  async assetIds(): Promise<string[]> {
    const rows: { asset_id: string }[] = await this.#db.table('vulnerabilities').distinct('asset_id')
    return rows.map(row => row.asset_id)
  }

  /** Of these CVEs, those the tenant has vulnerabilities of. */
  async known(cveIds: readonly string[]): Promise<string[]> {
    const found: string[] = []
    for (let start = 0; start < cveIds.length; start += BATCH) {
      const rows: { cve_id: string }[] = await this.#db
        .table('vulnerabilities')
        .whereIn('cve_id', cveIds.slice(start, start + BATCH))
        .distinct('cve_id')
      found.push(...rows.map(row => row.cve_id))
    }
    return found
  }

  /** Assets with a vulnerability of one of these CVEs that is not resolved. */
  async assetsOf(cveIds: readonly string[]): Promise<string[]> {
    const ids = new Set<string>()
    for (let start = 0; start < cveIds.length; start += BATCH) {
      const rows: { asset_id: string }[] = await this.#db
        .table('vulnerabilities')
        .whereIn('cve_id', cveIds.slice(start, start + BATCH))
        .whereNot('status', 'resolved')
        .distinct('asset_id')
      for (const row of rows) ids.add(row.asset_id)
    }
    return [...ids]
  }

  /** Assets with a confirmed vulnerability of this CVE that somebody should work on. */
  async confirmedOn(cveId: string): Promise<string[]> {
    const rows: { asset_id: string }[] = await this.#db
      .table('vulnerabilities')
      .where({ cve_id: cveId, confidence: 'confirmed' })
      .whereIn('status', activeStatuses)
      .select('asset_id')
    return rows.map(row => row.asset_id)
  }

  /** Copies the facts of a CVE to every vulnerability of it that is not resolved: only what differs. Answers how many. */
  async copyFacts(cve: CveFacts, now: Date): Promise<number> {
    const stored = await this.#db.all(factsOfCve, { cveId: cve.cve_id })
    const copied = copiedFacts(cve)
    if (stored.every(row => sameFacts(row, copied))) return 0
    const values = differing(stored, copied)
    const byRisk = stored.some(row => riskScore(toFacts(row), row.confidence) !== riskScore(cve, row.confidence))
    const rows = () => this.#db.table('vulnerabilities').where('cve_id', cve.cve_id).whereNot('status', 'resolved')
    const written = { ...values, updated_at: now.toISOString() }
    if (!byRisk) return rows().update(written).increment('revision')
    let changed = 0
    for (const confidence of ['confirmed', 'possible'] as const) {
      const risk = riskScore(cve, confidence)
      changed += await rows()
        .where({ confidence })
        .update({ ...written, risk })
        .increment('revision')
    }
    return changed
  }

  async #set(ids: readonly string[], values: Record<string, string | null>, now: Date): Promise<number> {
    let changed = 0
    for (let start = 0; start < ids.length; start += BATCH) {
      changed += await this.#db
        .table('vulnerabilities')
        .whereIn('id', ids.slice(start, start + BATCH))
        .update({ ...values, updated_at: now.toISOString() })
        .increment('revision')
    }
    return changed
  }

  #row({ assetId, finding, stored }: Match, now: Date) {
    const time = now.toISOString()
    return {
      id: stored?.id ?? newId(),
      asset_id: assetId,
      cve_id: finding.cveId,
      status: stored?.status ?? 'open',
      ...finding.copied,
      confidence: finding.confidence,
      criteria: finding.criteria,
      criteria_hash: finding.criteriaHash,
      risk: finding.risk,
      first_seen: time,
      last_seen: time,
      created_at: time,
      updated_at: time,
      revision: (stored?.revision ?? 0) + 1,
    }
  }
}

const toFacts = (row: StoredFacts) => ({ ...row, kev: Boolean(row.kev) })

/** The columns that some row has otherwise. An index is only written when a column of it is named. */
function differing(stored: readonly StoredFacts[], wanted: CopiedFacts): Partial<CopiedFacts> {
  const { kev, cvss_order, epss_order, ...plain } = wanted
  const names = (Object.keys(plain) as (keyof typeof plain)[]).filter(name =>
    stored.some(row => row[name] !== plain[name]),
  )
  return {
    ...Object.fromEntries(names.map(name => [name, plain[name]])),
    ...(stored.some(row => Boolean(row.kev) !== kev) ? { kev } : {}),
    ...(names.includes('cvss_score') ? { cvss_order } : {}),
    ...(names.includes('epss') ? { epss_order } : {}),
  }
}
