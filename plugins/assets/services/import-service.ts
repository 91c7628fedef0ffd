import type { Readable } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'
import type { Call, Progress, TenantDb } from '../../../kernel/contract.ts'
import type { SiteDirectory } from '../../sites/public.ts'
import type { AssetChange } from '../asset.ts'
import { assetCpesChanged } from '../public.ts'
import type { AssetCpeRepository } from '../repositories/asset-cpe-repository.ts'
import { type AssetRepository, type AssetRow, toAsset } from '../repositories/asset-repository.ts'
import { type CsvRow, csvRows } from './csv-rows.ts'
import { type ImportReport, ReportBuilder } from './import-report.ts'
import { type FaultyRow, type ImportRow, importRow, isFaulty } from './import-row.ts'

/** Rows that are written in one transaction, so that other writers get their turn. */
const CHUNK = 500

interface Dependencies {
  readonly call: Call
  readonly db: TenantDb
  readonly assetRepository: AssetRepository
  readonly assetCpeRepository: AssetCpeRepository
  readonly sites: SiteDirectory
}

interface ImportOptions {
  readonly dryRun: boolean
  readonly progress?: (progress: Progress) => void
  /** Lines in the report. */
  readonly most?: number
}

/** What will be done with a row. */
interface Decision {
  readonly row: ImportRow
  readonly before?: AssetRow
  /** Fields that differ from what is stored; undefined for a new asset. */
  readonly change?: AssetChange
}

/**
 * Imports assets from CSV. A row is an asset that exists when its `external_key` matches, or, without one, its name and
 * site do; so the same file imported twice changes nothing. Rows that are wrong are reported and left out.
 */
export class ImportService {
  readonly #dependencies: Dependencies
  /** Line of the file that first named an asset. */
  readonly #seen = new Map<string, number>()

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies
  }

  /** @throws Problem `invalid` when the file is no CSV or lacks the columns; rows before a broken end stay imported */
  async run(content: Readable, { dryRun, progress, most }: ImportOptions): Promise<ImportReport> {
    const report = new ReportBuilder(dryRun)
    const { call } = this.#dependencies
    for await (const chunk of chunks(csvRows(content))) {
      call.signal.throwIfAborted()
      await this.#importChunk(chunk, dryRun, report)
      progress?.({ done: report.total, message: `${report.total} rows` })
    }
    return report.report(most)
  }

  async #importChunk(chunk: readonly CsvRow[], dryRun: boolean, report: ReportBuilder): Promise<void> {
    const { db, sites } = this.#dependencies
    const names = chunk.flatMap(({ cells }) => (cells?.site ? [cells.site] : []))
    const siteIds = names.length > 0 ? await sites.idsByName(names) : new Map<string, string>()
    const work = async (): Promise<void> => {
      const rows = await this.#checkSites(chunk.map(line => importRow(line, siteIds)))
      const decided = await this.#decide(rows)
      const created = decided.filter(decision => !isFaulty(decision) && !decision.before) as Decision[]
      const updated = decided.filter(decision => !isFaulty(decision) && decision.change) as Decision[]
      const ids = dryRun ? new Map<ImportRow, string>() : await this.#write(created, updated)
      for (const decision of decided) {
        if (isFaulty(decision)) {
          report.add({ row: decision.row, status: 'failed', errors: [...decision.errors] })
          continue
        }
        const { row, before, change } = decision
        const id = before?.id ?? ids.get(row)
        const status = before ? (change ? 'updated' : 'unchanged') : 'created'
        report.add({ row: row.row, status, name: row.asset.name, ...(id ? { id } : {}) })
      }
    }
    await (dryRun ? work() : db.transaction(work))
  }

  /** Rows that name a site by an id that no site has. */
  async #checkSites(rows: readonly (ImportRow | FaultyRow)[]): Promise<(ImportRow | FaultyRow)[]> {
    const known = new Map<string, boolean>()
    const checked: (ImportRow | FaultyRow)[] = []
    for (const row of rows) {
      const id = isFaulty(row) ? null : row.asset.site_id
      if (id !== null && !known.has(id)) known.set(id, (await this.#dependencies.sites.find(id)) !== undefined)
      checked.push(id === null || known.get(id) ? row : { row: row.row, errors: ['site_id: no site has this id'] })
    }
    return checked
  }

  async #decide(rows: readonly (ImportRow | FaultyRow)[]): Promise<(Decision | FaultyRow)[]> {
    const { assetRepository } = this.#dependencies
    const good = rows.filter(row => !isFaulty(row)) as ImportRow[]
    const keys = good.flatMap(({ asset }) => asset.external_key ?? [])
    const names = good.flatMap(({ asset }) => (asset.external_key === null ? asset.name : []))
    const byKey = new Map(
      (await inBatches(keys, part => assetRepository.byExternalKeys(part))).map(row => [row.external_key, row]),
    )
    const byName = Map.groupBy(await inBatches(names, part => assetRepository.byNames(part)), row =>
      row.name.toLowerCase(),
    )
    return rows.map(row => {
      if (isFaulty(row)) return row
      const { asset } = row
      const place = asset.external_key ?? `${asset.site_id}/${asset.name.toLowerCase()}`
      const first = this.#seen.get(place)
      if (first !== undefined) return { row: row.row, errors: [`is the same asset as row ${first}`] }
      this.#seen.set(place, row.row)
      if (asset.external_key !== null) return decision(row, byKey.get(asset.external_key))
      const same = (byName.get(asset.name.toLowerCase()) ?? []).filter(
        ({ site_id }) => row.change.site_id === undefined || site_id === asset.site_id,
      )
      if (same.length > 1) {
        return { row: row.row, errors: [`name: ${same.length} assets are called so; give each an external_key`] }
      }
      return decision(row, same[0])
    })
  }

  async #write(created: readonly Decision[], updated: readonly Decision[]): Promise<ReadonlyMap<ImportRow, string>> {
    const { call, assetRepository, assetCpeRepository } = this.#dependencies
    const now = call.now()
    const rows = await assetRepository.insert(
      created.map(({ row }) => row.asset),
      'import',
      now,
    )
    const ids = new Map<ImportRow, string>()
    const named: { id: string; cpes: readonly string[] }[] = []
    for (const [index, { row }] of created.entries()) {
      const made = rows[index] as AssetRow
      ids.set(row, made.id)
      if (row.asset.cpes.length > 0) named.push({ id: made.id, cpes: row.asset.cpes })
      call.audit({ action: 'asset.created', resourceType: 'asset', resourceId: made.id, after: toAsset(made) })
    }
    await assetCpeRepository.replace(named, true)
    const renamed: { id: string; cpes: readonly string[] }[] = []
    for (const { before, change } of updated as Required<Decision>[]) {
      await assetRepository.update(before.id, before.revision, change, now)
      if (change.cpes) renamed.push({ id: before.id, cpes: change.cpes })
      const old = toAsset(before)
      call.audit({
        action: 'asset.updated',
        resourceType: 'asset',
        resourceId: before.id,
        before: old,
        after: { ...old, ...change },
      })
    }
    await assetCpeRepository.replace(renamed)
    const affected = [...named, ...renamed].map(({ id }) => id)
    for (let start = 0; start < affected.length; start += 500) {
      await call.emit(assetCpesChanged, { asset_ids: affected.slice(start, start + 500) })
    }
    return ids
  }
}

function decision(row: ImportRow, before: AssetRow | undefined): Decision {
  if (!before) return { row }
  const stored = toAsset(before) as Record<string, unknown>
  const differing = Object.entries(row.change).filter(([field, value]) => !isDeepStrictEqual(stored[field], value))
  return differing.length === 0
    ? { row, before }
    : { row, before, change: Object.fromEntries(differing) as AssetChange }
}

async function* chunks(rows: AsyncIterable<CsvRow>): AsyncGenerator<CsvRow[]> {
  let chunk: CsvRow[] = []
  for await (const row of rows) {
    chunk.push(row)
    if (chunk.length < CHUNK) continue
    yield chunk
    chunk = []
  }
  if (chunk.length > 0) yield chunk
}

async function inBatches<T>(values: readonly string[], read: (batch: readonly string[]) => Promise<T[]>): Promise<T[]> {
  const found: T[] = []
  for (let start = 0; start < values.length; start += CHUNK)
    found.push(...(await read(values.slice(start, start + CHUNK))))
  return found
}
