import type { ExecutionContext } from 'ava'
import type { ChainHead, SignedHead } from '../../../kernel/audit/chain.ts'
import { ChainSealer } from '../../../kernel/audit/chain-sealer.ts'
import { ChainReader } from '../../../kernel/audit/chain-store.ts'
import { createHeadSigner, type HeadSigner } from '../../../kernel/audit/head-signature.ts'
import type { Verification } from '../../../kernel/audit/verification.ts'
import { type VerifyOptions, verifyChain } from '../../../kernel/audit/verify.ts'
import { writeAudit } from '../../../kernel/audit/writer.ts'
import { PlatformDb } from '../../../kernel/data/platform-db.ts'
import { type Scene, scene } from '../events/scene.ts'

export const SECRETS = ['a'.repeat(40), 'b'.repeat(40), 'c'.repeat(40)] as const

/** A database with lines of the audit log, and somebody who has the database. */
export interface ChainScene extends Scene {
  readonly tenant: string
  readonly signer: HeadSigner
  readonly sealer: ChainSealer
  /** The database for one more flow of work. */
  open(): PlatformDb
  /** Writes lines, one a second, called by their number. */
  write(count: number, tenant?: string | null): Promise<void>
  seal(sealer?: ChainSealer): Promise<number>
  verify(
    options?: Partial<VerifyOptions> & { readonly signer?: HeadSigner; readonly chain?: string },
  ): Promise<Verification>
  /** Rows of the tenant in the order of the chain. */
  rows(): Promise<StoredLine[]>
  head(chain?: string): Promise<SignedHead>
}

/** A row of the log. */
export interface StoredLine extends Record<string, unknown> {
  readonly id: string
  readonly sequence: number
  readonly hash: string
}

const { signal } = new AbortController()

/** A scene with a sealer that has the first of the secrets. */
export async function chainScene(t: ExecutionContext): Promise<ChainScene> {
  const s = await scene(t)
  const [tenant] = s.tenants
  // One flow of work each: what shares a database object shares its transactions, too.
  const open = () => new PlatformDb(s.database, new Set(['audit_chains']))
  const db = open()
  const signer = createHeadSigner(SECRETS[0])
  const own = new ChainSealer(signer)
  let written = 0
  return {
    ...s,
    db,
    tenant,
    signer,
    sealer: own,
    open,
    async write(count, owner = tenant) {
      for (let n = 0; n < count; n++) {
        s.advance(1000)
        const facts = { actor: { kind: 'service' as const, id: 'tests' }, traceId: 't', now: s.now() }
        const entry = {
          action: 'a.done',
          resourceType: 'a',
          resourceId: `line ${++written}`,
          after: { n: written, ä: '–' },
        }
        const own = open()
        await writeAudit(owner === null ? own : own.forTenant(owner), [entry], facts)
      }
    },
    async seal(sealer = own) {
      return (await sealer.sealAll({ db: open(), log: s.log, signal, now: s.now() })).sealed
    },
    verify({ signer: by = signer, chain = tenant, ...options } = {}) {
      return verifyChain(ChainReader.of(open(), chain), by, { signal, ...options })
    },
    rows: () => db.table('audit_logs').where('tenant_id', tenant).whereNotNull('sequence').orderBy('sequence'),
    async head(chain = tenant) {
      return (await ChainReader.of(db, chain).head()) as SignedHead
    },
  }
}

/** A head as somebody writes it who has not the key. */
export const withoutSignature = ({ chain, ...head }: SignedHead): Omit<ChainHead, 'chain'> & { signature: string } =>
  head
