import { hash } from 'node:crypto'
import { type AuditRow, recordOf } from './audit-row.ts'

/** The chain of the lines that belong to no tenant; every other chain is called by its tenant's id. */
export const PLATFORM_CHAIN = 'platform'

/** Where a chain begins and ends; a row of `audit_chains`. */
export interface ChainHead {
  readonly chain: string
  /** The oldest line that is still there; one above `last_sequence` when none is. */
  readonly first_sequence: number
  /** The hash of the line before it. */
  readonly before_first: string
  readonly last_sequence: number
  readonly last_hash: string
  readonly sealed_at: string
}

/** A head as it is stored. */
export interface SignedHead extends ChainHead {
  readonly signature: string
}

/** What stands for the hash of a line before the first one ever: other for each chain, so that no line fits two. */
export const genesisOf = (chain: string): string => hash('sha256', `monozu-audit-chain:${chain}`, 'hex')

/** The hash of a line at a place: SHA-256, in hex, of the hash before it (in hex) and the line's record. */
export const hashAfter = (previous: string, row: AuditRow, sequence: number): string =>
  hash('sha256', previous + recordOf(row, sequence), 'hex')

/** The chain that a line belongs to. */
export const chainOf = (tenantId: string | null): string => tenantId ?? PLATFORM_CHAIN
