import type { ExecutionContext } from 'ava'
import type { Database } from '../../../db/database.ts'
import type { PlatformCall } from '../../../kernel/contract.ts'
import { newId } from '../../../kernel/data/id.ts'
import { PlatformDb } from '../../../kernel/data/platform-db.ts'
import type { Log } from '../../../kernel/log/log.ts'
import { Features } from '../../../kernel/tenancy/features.ts'
import { bumpRevision } from '../../../kernel/tenancy/revisions.ts'
import { emptyDatabase } from '../jobs/job-database.ts'

const nothing = (): undefined => undefined

/** A log that nobody reads. */
export const quiet: Log = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
  enabled: () => false,
  child: () => quiet,
}

/** The moment at which tests begin. */
export const START = new Date('2026-03-01T12:00:00.000Z')

/** A clock that stands still until it is told. */
export class TestClock {
  time = START.getTime()
  now = (): Date => new Date(this.time)
  forward(ms: number): void {
    this.time += ms
  }
}

export const DAY = 86_400_000

interface TenantOptions {
  readonly status?: string
  readonly expiresAt?: Date
  readonly features?: readonly string[]
}

/** A database, a clock and features over them. */
export class TenancyHouse {
  readonly database: Database
  readonly clock = new TestClock()
  readonly features: Features

  private constructor(database: Database) {
    this.database = database
    this.features = this.instance()
  }

  static async open(t: ExecutionContext): Promise<TenancyHouse> {
    return new TenancyHouse(await emptyDatabase(t))
  }

  /** Another instance of the server on the same database. */
  instance(): Features {
    return new Features({
      database: this.database,
      now: this.clock.now,
      graceDays: 14,
      knownFeatures: () => ['security', 'vpn', 'backup'],
      log: quiet,
    })
  }

  db(): PlatformDb {
    return new PlatformDb(this.database, new Set())
  }

  /** Writes a tenant as another instance would have; without `expiresAt` it has no licence. */
  async tenant({ status = 'active', expiresAt, features = [] }: TenantOptions = {}): Promise<string> {
    const id = newId()
    const db = this.db()
    const times = { created_at: START, updated_at: START }
    await db.transaction(async () => {
      await db.table('tenants').insert({ id, name: 'Acme', account_name: `acme-${id}`, status, ...times })
      if (expiresAt) {
        await db
          .table('tenant_licenses')
          .insert({ tenant_id: id, plan: 'standard', expires_at: expiresAt, updated_at: START })
      }
      for (const feature of features) {
        await db.table('tenant_features').insert({ tenant_id: id, feature, enabled: true, updated_at: START })
      }
      await bumpRevision(db, 'features')
    })
    return id
  }

  /** A platform call, the audit lines it left, and the data of the jobs it queued. */
  call(): {
    call: PlatformCall
    audited: { tenantId: string; action: string | undefined }[]
    queued: { job: string; data: unknown }[]
  } {
    const audited: { tenantId: string; action: string | undefined }[] = []
    const queued: { job: string; data: unknown }[] = []
    const call = {
      db: this.db(),
      now: this.clock.now,
      audit: (tenantId: string, entry: { action?: string }) => void audited.push({ tenantId, action: entry.action }),
      enqueue: async (job: string, data: unknown) => {
        queued.push({ job, data })
        return newId()
      },
    } as unknown as PlatformCall
    return { call, audited, queued }
  }
}
