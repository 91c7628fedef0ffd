import type { Snap } from '../snap.ts'

/** A row of `snaps`, as the driver gives it. */
export interface SnapRow extends Omit<Snap, 'size_bytes'> {
  readonly blob_key: string
  /** SQL Server's driver gives a bigint as text. */
  readonly size_bytes: number | string
}

/** The columns of a row. */
export const columns = [
  'id',
  'name',
  'version',
  'channel',
  'blob_key',
  'size_bytes',
  'sha256',
  'sha3_384',
  'created_at',
  'released_at',
] as const

/** A published version, with where its package is. */
export interface StoredSnap extends Snap {
  readonly blob_key: string
}

/** A row as the rest of the plugin knows it. */
export const storedSnap = (row: SnapRow): StoredSnap => ({ ...row, size_bytes: Number(row.size_bytes) })

/** A version as users and publishers see it. */
export const show = ({ blob_key: _, ...snap }: StoredSnap): Snap => snap
