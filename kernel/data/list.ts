import type { Knex } from 'knex'
import { z } from 'zod'
import { problem } from '../errors.ts'
import { whereContains } from './contains.ts'
import { limitTo, type PreparedQuery, prepare } from './prepared.ts'
import type { TenantDb } from './tenant-db.ts'

/** Rows on a page when the caller does not say. */
export const DEFAULT_PAGE = 50
/** Most rows on a page. */
export const LARGEST_PAGE = 200

/** One page of a list. `count` is there only when asked for with `?count=true`. */
export interface ListPage<T> {
  items: T[]
  next_cursor: string | null
  count?: number
}

/** A filter of a list: the schema of its query parameter, and the condition it becomes. */
export interface Filter<S extends z.ZodType = z.ZodType> {
  readonly schema: S
  /** Adds the condition. `value` stands for what is bound; for an array it is an array of as many stand-ins. */
  where(query: Knex.QueryBuilder, value: never): void
  /** What to bind, from what the caller sent; default: the value itself. */
  bind?(value: z.output<S>): unknown
}

type Filters = Readonly<Record<string, Filter>>

/** What a list shows and how it can be narrowed and ordered. */
export interface ListSpec<R, T, F extends Filters> {
  readonly table: string
  /** True for a table that belongs to no tenant. */
  readonly shared?: boolean
  readonly columns: readonly string[]
  /** Column that breaks ties; default `id`. */
  readonly key?: string
  /** Public name of an order to its column, which must never be null. */
  readonly sorts: Readonly<Record<string, string>>
  /** A name of `sorts`, `-` before it for descending. */
  readonly defaultSort: string
  readonly filters?: F
  /** Joins or fixed conditions. */
  readonly refine?: (query: Knex.QueryBuilder) => void
  item(row: R): T
}

type FilterShape<F extends Filters> = { [K in keyof F]: z.ZodOptional<F[K]['schema']> }
interface PageQuery {
  limit: number
  cursor?: string | undefined
  sort: string
  count?: boolean | undefined
}

const MAX_SHAPES = 500

/** True for `true`, `1`, `yes`; false for `false`, `0`, `no`. */
export const queryFlag = z
  .enum(['true', 'false', '1', '0', 'yes', 'no'])
  .transform(text => text === 'true' || text === '1' || text === 'yes')

/** `?name=a,b`: the column is one of the values. */
export const oneOf = (column: string, schema: z.ZodType<string, string>): Filter => ({
  schema: z
    .string()
    .max(2000)
    .transform(text => text.split(',').map(part => part.trim()))
    .pipe(z.array(schema).min(1).max(50)),
  where: (query, values: string[]) => {
    query.whereIn(column, values)
  },
})

/** `?name=a`: the column equals the value. */
export const equals = (column: string, schema: z.ZodType): Filter => ({
  schema,
  where: (query, value) => {
    query.where(column, value)
  },
})

/** `?name=5`: the column is at least the number. */
export const atLeast = (column: string): Filter => ({
  schema: z.coerce.number(),
  where: (query, value) => {
    query.where(column, '>=', value)
  },
})

/** `?q=text`: one of the columns contains the text, whatever its case. */
export const contains = (...columns: readonly string[]): Filter<z.ZodString> => ({
  schema: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .refine(text => !text.includes('\0'), 'must not have a NUL character'),
  where: (query, text) => {
    query.where(any => {
      for (const column of columns) any.orWhere(one => void whereContains(one, column, text))
    })
  },
})

/**
 * Defines a list with keyset pages: `?limit=&cursor=&sort=&count=` and its filters. The SQL of each shape (which filters,
 * which order, first or later page) is built once; a page then binds values to a prepared statement. Never OFFSET, and
 * the total is counted only when asked for.
 */
export function defineList<R extends object, T, const F extends Filters = Record<never, never>>(
  spec: ListSpec<R, T, F>,
) {
  const key = spec.key ?? 'id'
  const filters: Filters = spec.filters ?? {}
  const names = Object.keys(filters)
  const orders = Object.keys(spec.sorts).flatMap(name => [name, `-${name}`])
  const shape = Object.fromEntries(names.map(name => [name, filters[name]?.schema.optional()])) as FilterShape<F>
  const schema = z.strictObject({
    limit: z.coerce.number().int().min(1).max(LARGEST_PAGE).default(DEFAULT_PAGE),
    cursor: z.string().min(1).max(1000).optional(),
    sort: z.enum(orders as [string, ...string[]]).default(spec.defaultSort),
    count: queryFlag.optional(),
    ...shape,
  })
  const shapes = new Map<string, PreparedQuery<Record<string, unknown>, R>>()

  function conditions(query: Knex.QueryBuilder, given: ReadonlyMap<string, number>, v: Record<string, unknown>): void {
    spec.refine?.(query)
    for (const [name, size] of given) {
      const stand = size < 0 ? v[name] : Array.from({ length: size }, (_, i) => v[`${name}.${i}`])
      filters[name]?.where(query, stand as never)
    }
  }

  function prepared(kind: string, build: () => PreparedQuery<Record<string, unknown>, R>) {
    const known = shapes.get(kind)
    if (known) return known
    if (shapes.size >= MAX_SHAPES) shapes.clear()
    const made = build()
    shapes.set(kind, made)
    return made
  }

  async function page(db: Pick<TenantDb, 'all' | 'dialect'>, query: PageQuery): Promise<ListPage<T>> {
    const values: Record<string, unknown> = { limit: query.limit + 1 }
    const given = new Map<string, number>()
    let kind = ''
    for (const name of names) {
      const value = (query as unknown as Record<string, unknown>)[name]
      if (value === undefined) continue
      const bound = filters[name]?.bind?.(value as never) ?? value
      if (Array.isArray(bound)) {
        for (let i = 0; i < bound.length; i++) values[`${name}.${i}`] = bound[i]
        given.set(name, bound.length)
        kind += `${name}:${bound.length};`
      } else {
        values[name] = bound
        given.set(name, -1)
        kind += `${name};`
      }
    }
    const descending = query.sort.startsWith('-')
    const column = spec.sorts[descending ? query.sort.slice(1) : query.sort] as string
    if (query.cursor !== undefined) {
      const [after, id] = readCursor(query.cursor, query.sort)
      values.after = after
      values.afterId = id
    }
    const from = spec.shared ? 'shared' : 'table'
    const select = prepared(`${kind}${query.sort}${query.cursor === undefined ? '' : '>'}`, () =>
      prepare((scope, v) => {
        const builder = scope[from](spec.table).select(...spec.columns)
        conditions(builder, given, v)
        const direction = descending ? 'desc' : 'asc'
        if (query.cursor !== undefined) {
          const beyond = descending ? '<' : '>'
          builder
            .where(column, `${beyond}=`, v.after as string)
            .where(either => either.where(column, beyond, v.after as string).orWhere(key, beyond, v.afterId as string))
        }
        builder.orderBy(column, direction)
        if (column !== key) builder.orderBy(key, direction)
        return limitTo(builder, v.limit as number)
      }),
    )
    const rows = await db.all(select, values).catch(error => {
      throw query.cursor !== undefined && db.dialect.isUnreadable(error) ? invalidCursor(error) : error
    })
    const more = rows.length > query.limit
    if (more) rows.length = query.limit
    const last = rows[rows.length - 1] as Record<string, unknown> | undefined
    const result: ListPage<T> = {
      items: rows.map(row => spec.item(row)),
      next_cursor: more && last ? writeCursor(query.sort, last[bare(column)], last[bare(key)]) : null,
    }
    if (query.count) {
      const counting = prepared(`${kind}#`, () =>
        prepare((scope, v) => {
          const builder = scope[from](spec.table).count({ total: '*' })
          conditions(builder, given, v)
          return builder
        }),
      )
      const [counted] = await db.all(counting, values)
      result.count = Number((counted as unknown as { total: number }).total)
    }
    return result
  }

  return {
    /** Schema of the query string. */
    query: schema,
    /** Schema of a page of `item`. */
    returns: <I extends z.ZodType>(item: I) =>
      z.object({ items: z.array(item), next_cursor: z.string().nullable(), count: z.number().int().optional() }),
    page,
  }
}

const bare = (column: string): string => column.slice(column.lastIndexOf('.') + 1)

const writeCursor = (sort: string, value: unknown, id: unknown): string =>
  Buffer.from(JSON.stringify([sort, value, id])).toString('base64url')

/** A number that both databases can bind. */
const bindable = z.number().refine(value => Number.isSafeInteger(value) || !Number.isInteger(value))
const cursorShape = z.tuple([z.string(), z.union([z.string().max(500), bindable]), z.string().max(100)])

function readCursor(cursor: string, sort: string): [string | number, string] {
  try {
    const [forSort, value, id] = cursorShape.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
    if (forSort === sort) return [value, id]
  } catch {
    // Falls through: whatever was wrong with it, the answer is the same.
  }
  throw invalidCursor()
}

const invalidCursor = (cause?: unknown) =>
  problem('invalid_cursor', 'Take the cursor from `next_cursor` of the page before, with the same `sort`.', { cause })
