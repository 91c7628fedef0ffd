import { z } from 'zod'
import { contains, defineList, equals, type Filter, type ListPage } from '../data/list.ts'
import type { TenantDb } from '../data/tenant-db.ts'
import { problem } from '../errors.ts'
import { type AuditRow, auditColumns } from './audit-row.ts'

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
    sequence: z.number().int().nullable().describe('Place in the chain; null until the line is sealed'),
    hash: z.string().nullable().describe('SHA-256 of the hash before it and this line'),
  })
  .meta({ id: 'AuditLine', description: 'Who did what to which record; before and after hold what differs.' })

/** What `AuditLine` shows. */
export type AuditLine = z.output<typeof AuditLine>

const moment = z.union([z.iso.datetime({ offset: true }), z.iso.date()])

const bound = (operator: '>=' | '<'): Filter<typeof moment> => ({
  schema: moment,
  bind: text => new Date(text),
  where: (query, value) => {
    query.where('created_at', operator, value)
  },
})

const place = (operator: '>=' | '<='): Filter => ({
  schema: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  where: (query, value) => {
    query.where('sequence', operator, value)
  },
})

const parsed = (json: string | null): unknown => {
  if (json === null) return null
  try {
    return JSON.parse(json)
  } catch {
    return { _not_json: json }
  }
}

const uuid = z.guid().toLowerCase()
const word = z.string().min(1).max(100)

const filters = {
  user_id: {
    schema: uuid,
    // The second condition is the one that has an index.
    where: (query, value) => {
      query.where('user_id', value).where('actor_id', value)
    },
  } satisfies Filter<typeof uuid>,
  actor_kind: equals('actor_kind', z.enum(['user', 'device', 'service', 'anonymous'])),
  actor_id: equals('actor_id', word),
  action: equals('action', word),
  resource_type: equals('resource_type', word),
  resource_id: equals('resource_id', word),
  ip_address: equals('ip_address', z.string().min(1).max(45)),
  trace_id: equals('trace_id', z.string().min(1).max(64)),
  from: bound('>='),
  to: bound('<'),
  from_sequence: place('>='),
  to_sequence: place('<='),
  q: contains('action', 'resource_type', 'resource_id', 'before', 'after'),
}

const spec = {
  table: 'audit_logs',
  columns: auditColumns,
  filters,
  item: (row: AuditRow): AuditRow => row,
}

const list = defineList({ ...spec, sorts: { created_at: 'created_at' }, defaultSort: '-created_at' })
const chain = defineList({
  ...spec,
  sorts: { sequence: 'sequence' },
  defaultSort: 'sequence',
  refine: query => void query.whereNotNull('sequence'),
})

/** Query string of the list. `from` is included, `to` is not. */
export const AuditListQuery = list.query
/** A page of the list. */
export const AuditPage = list.returns(AuditLine)
/** Which lines an export holds. */
export const AuditFilter = list.query.omit({ limit: true, cursor: true, sort: true, count: true })

type Filtered = z.output<typeof AuditFilter>

/** Rows that an export holds in memory at a time. */
const EXPORT_PAGE = 500
const DAY_MS = 86_400_000
/** Most days that a filter without an index may look through. */
const LONGEST_LOOK = 31
const unindexed = ['q', 'ip_address', 'actor_kind'] as const
const indexed = ['user_id', 'actor_id', 'trace_id', 'resource_id', 'action'] as const

/** Reads the audit log of one tenant. */
export class AuditLog {
  readonly #db: TenantDb

  constructor({ db }: { db: TenantDb }) {
    this.#db = db
  }

  /** @throws Problem `invalid` for a filter that would look through everything */
  async page(query: z.output<typeof AuditListQuery>, now: Date): Promise<ListPage<AuditLine>> {
    requireBounds(query, now)
    const page = await list.page(this.#db, query)
    return { ...page, items: page.items.map(lineOf) }
  }

  /** All lines that match, a page at a time: the newest first, or as the chain has them. */
  async *pages(
    filter: Filtered,
    order: 'newest' | 'chain' = 'newest',
  ): AsyncGenerator<readonly AuditRow[], void, undefined> {
    const [from, sort] = order === 'chain' ? ([chain, 'sequence'] as const) : ([list, '-created_at'] as const)
    let cursor: string | null | undefined
    do {
      const query = { ...filter, limit: EXPORT_PAGE, sort, ...(cursor ? { cursor } : {}) }
      const { items, next_cursor } = await from.page(this.#db, query)
      if (items.length > 0) yield items
      cursor = next_cursor
    } while (cursor)
  }
}

const lineOf = (row: AuditRow): AuditLine => ({ ...row, before: parsed(row.before), after: parsed(row.after) })

/**
 * Filters that no index serves look at every line of a time, so that time must be short.
 * @throws Problem `invalid`
 */
export function requireBounds(filter: Filtered, now: Date): void {
  const slow = unindexed.filter(name => filter[name] !== undefined)
  if (slow.length === 0 || indexed.some(name => filter[name] !== undefined)) return
  const { from, to } = filter
  const until = to === undefined ? now : new Date(to as string)
  if (from !== undefined && until.getTime() - new Date(from as string).getTime() <= LONGEST_LOOK * DAY_MS) return
  const message = `"${slow[0]}" looks at every line: give "from", at most ${LONGEST_LOOK} days before "to" or now, or an actor, action, resource or trace`
  throw problem('invalid', 'Too much would be looked through.', { errors: [{ path: 'query.from', message }] })
}
