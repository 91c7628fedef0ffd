import type { PlatformDb } from '../data/platform-db.ts'
import { type Sealer, UnsealError } from './sealed.ts'

/** A column that holds sealed values, one a row. */
export interface SealedColumn {
  readonly table: string
  /** The column that tells rows apart, and that orders them. */
  readonly key: string
  readonly column: string
  readonly purpose: string
  /** Rows of others that are in the table as well. */
  readonly where?: Readonly<Record<string, string>>
}

/** How many values are sealed under SECRET_KEY now, and which are lost: their key is neither it nor the previous one. */
export interface Resealed {
  readonly resealed: number
  readonly unreadable: number
}

/** Rows read at a time. */
const AT_ONCE = 200

/**
 * Seals under SECRET_KEY what is still sealed under the previous one, so that SECRET_KEY_PREVIOUS can go. The owner of a
 * value is the key of its row. A value that changes meanwhile is left as it then is.
 */
export async function resealAll(
  db: PlatformDb,
  sealer: Sealer,
  columns: readonly SealedColumn[],
  signal: AbortSignal,
): Promise<Resealed> {
  let resealed = 0
  let unreadable = 0
  for (const { table, key, column, purpose, where = {} } of columns) {
    let after: string | undefined
    for (;;) {
      signal.throwIfAborted()
      const rows = db.table(table).select(key, column).whereNotNull(column).where(where).orderBy(key).limit(AT_ONCE)
      if (after !== undefined) rows.where(key, '>', after)
      const page: Record<string, string>[] = await rows
      for (const row of page) {
        const owner = row[key] as string
        const sealed = row[column] as string
        const anew = sealAnew(sealer, purpose, sealed, owner)
        if (anew === 'unreadable') unreadable++
        if (anew === 'unreadable' || anew === 'current') continue
        resealed += await db
          .table(table)
          .where({ [key]: owner, [column]: sealed })
          .update({ [column]: anew.sealed })
      }
      if (page.length < AT_ONCE) break
      after = page.at(-1)?.[key]
    }
  }
  return { resealed, unreadable }
}

function sealAnew(
  sealer: Sealer,
  purpose: string,
  sealed: string,
  owner: string,
): 'current' | 'unreadable' | { readonly sealed: string } {
  try {
    if (!sealer.isOutdated(sealed)) return 'current'
    return { sealed: sealer.seal(purpose, sealer.open(purpose, sealed, owner), owner) }
  } catch (error) {
    if (error instanceof UnsealError) return 'unreadable'
    throw error
  }
}
