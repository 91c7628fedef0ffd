import { z } from 'zod'
import { defineList, equals, type Filter, type ListPage } from '../data/list.ts'
import type { TenantDb } from '../data/tenant-db.ts'

/** A line of the audit log as the API shows it. */
export const AuditLine = z
  .object({
    id: z.uuid(),
    user_id: z.uuid().nullable(),
    actor_kind: z.string(),
    actor_id: z.string().nullable(),
    action: z.string(),
    resource_type: z.string(),
    resource_id: z.string().nullable(),
    before: z.unknown(),
    after: z.unknown(),
    ip_address: z.string().nullable(),
    trace_id: z.string().nullable(),
    created_at: z.string(),
  })
  .meta({ id: 'AuditLine', description: 'Who did what to which record; before and after hold what differs.' })

/** What `AuditLine` shows. */
export type AuditLine = z.output<typeof AuditLine>

interface AuditRow extends Omit<AuditLine, 'before' | 'after'> {
  readonly before: string | null
  readonly after: string | null
}

const moment = z.union([z.iso.datetime({ offset: true }), z.iso.date()])

const bound = (operator: '>=' | '<'): Filter<typeof moment> => ({
  schema: moment,
  bind: text => new Date(text),
  where: (query, value) => {
    query.where('created_at', operator, value)
  },
})

const parsed = (json: string | null): unknown => (json === null ? null : JSON.parse(json))

/** The names of a line's fields, in the order of the export. */
export const auditColumns = Object.keys(AuditLine.shape) as readonly (keyof AuditLine)[]

const list = defineList({
  table: 'audit_logs',
  columns: auditColumns,
  sorts: { created_at: 'created_at' },
  defaultSort: '-created_at',
  filters: {
    user_id: equals('user_id', z.uuid()),
    action: equals('action', z.string().min(1).max(100)),
    resource_type: equals('resource_type', z.string().min(1).max(100)),
    resource_id: equals('resource_id', z.string().min(1).max(100)),
    from: bound('>='),
    to: bound('<'),
  },
  item: (row: AuditRow): AuditLine => ({ ...row, before: parsed(row.before), after: parsed(row.after) }),
})

/** Query string of the list. `from` is included, `to` is not. */
export const AuditListQuery = list.query
/** A page of the list. */
export const AuditPage = list.returns(AuditLine)
/** Which lines an export holds. */
export const AuditFilter = list.query.omit({ limit: true, cursor: true, sort: true, count: true })

/** Rows that an export holds in memory at a time. */
const EXPORT_PAGE = 500

/** Reads the audit log of one tenant. */
export class AuditLog {
  readonly #db: TenantDb

  constructor({ db }: { db: TenantDb }) {
    this.#db = db
  }

  page(query: z.output<typeof AuditListQuery>): Promise<ListPage<AuditLine>> {
    return list.page(this.#db, query)
  }

  /** All lines that match, the newest first, a page at a time. */
  async *pages(filter: z.output<typeof AuditFilter>): AsyncGenerator<readonly AuditLine[], void, undefined> {
    let cursor: string | null | undefined
    do {
      const query = { ...filter, limit: EXPORT_PAGE, sort: '-created_at', ...(cursor ? { cursor } : {}) }
      const { items, next_cursor } = await list.page(this.#db, query)
      if (items.length > 0) yield items
      cursor = next_cursor
    } while (cursor)
  }
}
