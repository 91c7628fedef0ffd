import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Call, Problem, problem, type TenantDb } from '../../../kernel/contract.ts'
import type { SiteDirectory } from '../../sites/public.ts'
import { assetCpesChanged } from '../public.ts'
import type { AssetCpeRepository } from '../repositories/asset-cpe-repository.ts'
import { type AssetRepository, type AssetRow, toAsset } from '../repositories/asset-repository.ts'
import { type CsvRow, csvRows } from './csv-rows.ts'
import { faulty, type PlannedRow, planRows } from './import-plan.ts'
import { type ImportLine, type ImportReport, ReportBuilder } from './import-report.ts'
import { type FaultyRow, type ImportRow, importRow, isFaulty, soundOnes } from './import-row.ts'
import { RowRegister } from './row-register.ts'

/** Rows that are written in one transaction, so that other writers get their turn; as many ids as one event takes. */
const CHUNK = 500

interface Dependencies {
  readonly call: Call
  readonly db: TenantDb
  readonly assetRepository: AssetRepository
  readonly assetCpeRepository: AssetCpeRepository
  readonly sites: SiteDirectory
}

interface ImportOptions {
  /** Write nothing, and report what would be done. */
  readonly dryRun: boolean
  /** Whether assets that exist may be changed. */
  readonly mayUpdate: boolean
  /** Ends the import between two chunks. */
  readonly signal?: AbortSignal
  /** Hears how many rows are done. */
  readonly progress?: (rows: number) => void
  /** Characters of JSON for the lines of the report. */
  readonly room?: number
}

type Read = ImportRow | FaultyRow
type Planned = PlannedRow | FaultyRow

/**
 * Imports assets from CSV, in transactions of `CHUNK` rows. The same file imported twice changes nothing the second time.
 * Rows that are wrong, or that the database refuses, are reported and left out; they cost no other row.
 */
export class ImportService {
  readonly #call: Call
  readonly #db: TenantDb
  readonly #assets: AssetRepository
  readonly #cpes: AssetCpeRepository
  readonly #sites: SiteDirectory

  constructor({ call, db, assetRepository, assetCpeRepository, sites }: Dependencies) {
    this.#call = call
    this.#db = db
    this.#assets = assetRepository
    this.#cpes = assetCpeRepository
    this.#sites = sites
  }

  /**
   * @param content the text of the file, in pieces of any size
   * @throws Problem `invalid` when the header cannot be imported: then nothing is written
   * @throws Problem what `content` throws; then the rows before stay imported, and the detail says how many
   */
  async run(content: AsyncIterable<string> | Iterable<string>, options: ImportOptions): Promise<ImportReport> {
    const report = new ReportBuilder(options.dryRun)
    const register = new RowRegister()
    try {
      for await (const chunk of chunks(csvRows(content))) {
        options.signal?.throwIfAborted()
        for (const line of await this.#import(await this.#read(chunk, register), options)) report.add(line)
        options.progress?.(report.total)
        // The embedded database answers at once, so without this nobody else would get a turn before the last row.
        await nextTurn()
      }
    } catch (error) {
      if (!(error instanceof Problem) || options.dryRun || report.total === 0) throw error
      const done = `${report.total} rows before that are imported; it does no harm to import the file again.`
      throw problem(error.code, `${error.message} ${done}`, { cause: error })
    }
    return report.report(options.room)
  }

  /** Rows as assets: faulty when a value is wrong, the site unknown, or the asset in the file before. */
  async #read(chunk: readonly CsvRow[], register: RowRegister): Promise<Read[]> {
    const siteIds = await this.#sites.idsByName(chunk.flatMap(({ cells }) => cells?.get('site') || []))
    const rows = chunk.map(row => importRow(row, siteIds))
    const good = soundOnes(rows)
    const sites = new Set<string | null>()
    for (const id of new Set(good.flatMap(({ change }) => change.site_id ?? []))) {
      if (await this.#sites.find(id)) sites.add(id)
    }
    const exported = new Set((await this.#assets.byIds(good.flatMap(({ id }) => id ?? []))).map(({ id }) => id))
    return rows.map(row => {
      if (isFaulty(row)) return row
      if (row.change.site_id && !sites.has(row.change.site_id)) return faulty(row, 'site_id: no site has this id')
      const known = row.id === undefined || exported.has(row.id) ? row : { ...row, id: undefined }
      const earlier = register.add(known)
      return earlier === undefined ? known : faulty(row, `is the same asset as row ${earlier}`)
    })
  }

  /** Imports rows in one transaction; when the database refuses it, in halves, until the row that is refused is alone. */
  async #import(rows: readonly Read[], options: ImportOptions): Promise<ImportLine[]> {
    const plan = (): Promise<Planned[]> => planRows(this.#assets, rows, options.mayUpdate)
    if (options.dryRun) return (await plan()).map(planned => toLine(planned))
    try {
      return await this.#db.transaction(async () => {
        await this.#db.takeTurn('assets-import')
        return this.#write(await plan())
      })
    } catch (error) {
      const reason = this.#refusal(error)
      if (reason === undefined) throw error
      const [only] = rows
      if (only && rows.length === 1) return [toLine(isFaulty(only) ? only : faulty(only, reason))]
      const middle = rows.length >> 1
      const before = await this.#import(rows.slice(0, middle), options)
      return [...before, ...(await this.#import(rows.slice(middle), options))]
    }
  }

  /** What an error of the database says about a row: others write at the same time, or compare keys without case. */
  #refusal(error: unknown): string | undefined {
    const { dialect } = this.#db
    if (dialect.isUniqueViolation(error)) return 'external_key: another asset has it'
    return dialect.isForeignKeyViolation(error) ? 'site: was deleted meanwhile' : undefined
  }

  async #write(planned: readonly Planned[]): Promise<ImportLine[]> {
    const now = this.#call.now()
    const work = soundOnes(planned)
    const added = work.filter(({ before }) => !before)
    const made = await this.#assets.insert(
      added.map(({ row }) => row.asset),
      'import',
      now,
    )
    const rows = new Map(added.map((one, at) => [one, made[at] as AssetRow]))
    const lost = new Set<PlannedRow>()
    for (const one of work) {
      if (!one.before || !one.change) continue
      if (!(await this.#assets.update(one.before.id, one.before.revision, one.change, now))) lost.add(one)
    }
    const done = work.filter(one => !lost.has(one))
    await this.#replaceCpes(done, rows)
    for (const one of done) this.#audit(one, rows.get(one))
    return planned.map(one => {
      if (isFaulty(one)) return toLine(one)
      return toLine(lost.has(one) ? faulty(one.row, 'was changed meanwhile; import it again') : one, rows.get(one)?.id)
    })
  }

  async #replaceCpes(done: readonly PlannedRow[], made: ReadonlyMap<PlannedRow, AssetRow>): Promise<void> {
    const fresh = done.flatMap(one => {
      const row = made.get(one)
      return row && one.row.asset.cpes.length > 0 ? [{ id: row.id, cpes: one.row.asset.cpes }] : []
    })
    const renamed = done.flatMap(({ before, change }) =>
      before && change?.cpes ? [{ id: before.id, cpes: change.cpes }] : [],
    )
    await this.#cpes.insert(fresh)
    await this.#cpes.replace(renamed)
    const asset_ids = [...fresh, ...renamed].map(({ id }) => id)
    if (asset_ids.length > 0) await this.#call.emit(assetCpesChanged, { asset_ids })
  }

  #audit({ before, change }: PlannedRow, made: AssetRow | undefined): void {
    if (made) {
      this.#call.audit({
        action: 'asset.created',
        resourceType: 'asset',
        resourceId: made.id,
        after: toAsset(made),
      })
    } else if (before && change) {
      const old = toAsset(before)
      this.#call.audit({
        action: 'asset.updated',
        resourceType: 'asset',
        resourceId: before.id,
        before: old,
        after: { ...old, ...change },
      })
    }
  }
}

function toLine(planned: Planned, made?: string): ImportLine {
  if (isFaulty(planned)) {
    const { row, name, errors } = planned
    return { row, status: 'failed', ...(name === undefined ? {} : { name }), errors: [...errors] }
  }
  const { row, before, change } = planned
  const status = before ? (change ? 'updated' : 'unchanged') : 'created'
  const id = before?.id ?? made
  return { row: row.row, status, name: row.asset.name, ...(id === undefined ? {} : { id }) }
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
