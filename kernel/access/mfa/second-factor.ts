import type { TenantDb } from '../../data/tenant-db.ts'
import { problem } from '../../errors.ts'
import type { Sealer } from '../../secrets/sealed.ts'
import { replaceRecoveryCodes, useRecoveryCode } from './recovery-codes.ts'
import { type Enrolment, enrol, stepOf } from './totp.ts'

/** A code of the app, or one of the recovery codes. */
export interface GivenCode {
  readonly totp_code?: string | undefined
  readonly recovery_code?: string | undefined
}

/** What a right code was. */
export type CodeKind = 'totp' | 'recovery'

interface FactorRow {
  email: string
  active: unknown
  mfa_enabled: unknown
  totp_secret: string | null
}

/** What the secret is sealed for; its owner is the user's id. */
export const TOTP_SECRET = 'totp'

/** The second factors of users: secrets, codes, recovery codes. All methods work in the transaction under way. */
export class SecondFactor {
  readonly #sealer: Sealer
  readonly #issuer: string

  /** @param issuer what apps call an account of this service */
  constructor(sealer: Sealer, issuer: string) {
    this.#sealer = sealer
    this.#issuer = issuer
  }

  /**
   * Makes a secret that counts once a code of it was shown; one made before it is forgotten.
   * @throws Problem `conflict` when a second factor is on
   */
  async prepare(db: TenantDb, userId: string): Promise<Enrolment> {
    const { email } = await row(db, userId)
    const enrolment = await enrol(this.#issuer, email)
    const totp_secret = this.#sealer.seal(TOTP_SECRET, enrolment.secret, userId)
    const prepared = await db.table('users').where({ id: userId, mfa_enabled: false }).update({ totp_secret })
    if (prepared !== 1) throw problem('conflict', 'A second factor is on already; switch it off first.')
    return enrolment
  }

  /**
   * Switches the prepared one on.
   * @returns the recovery codes, which are kept as hashes only
   * @throws Problem `conflict` when it is on, or none was prepared; `invalid_code`
   */
  async enable(db: TenantDb, userId: string, code: string, now: Date): Promise<string[]> {
    const { mfa_enabled, totp_secret } = await row(db, userId)
    if (mfa_enabled) throw problem('conflict', 'A second factor is on already.')
    if (totp_secret === null) throw problem('conflict', 'Begin with POST /auth/mfa/setup.')
    const totp_last_step = await stepOf(this.#open(totp_secret, userId), code, now)
    if (totp_last_step === undefined) throw problem('invalid_code')
    const enabled = await db
      .table('users')
      .where({ id: userId, mfa_enabled: false, totp_secret })
      .update({ mfa_enabled: true, totp_last_step, updated_at: now })
      .increment('revision', 1)
    if (enabled !== 1) throw problem('conflict', 'The second factor was set up anew meanwhile.')
    return replaceRecoveryCodes(db, userId, now)
  }

  /** Takes a code, which never works again: of several at the same moment one is taken. Undefined when it is wrong. */
  async take(db: TenantDb, userId: string, given: GivenCode, now: Date): Promise<CodeKind | undefined> {
    const { active, mfa_enabled, totp_secret } = await row(db, userId)
    if (!active || !mfa_enabled) return undefined
    if (given.recovery_code !== undefined) {
      return (await useRecoveryCode(db, userId, given.recovery_code, now)) ? 'recovery' : undefined
    }
    if (given.totp_code === undefined || totp_secret === null) return undefined
    const step = await stepOf(this.#open(totp_secret, userId), given.totp_code, now)
    if (step === undefined) return undefined
    const taken = await db
      .table('users')
      .where({ id: userId, mfa_enabled: true, totp_secret })
      .where(last => last.whereNull('totp_last_step').orWhere('totp_last_step', '<', step))
      .update({ totp_last_step: step })
    return taken === 1 ? 'totp' : undefined
  }

  /** Switches it off and forgets its secret and codes. @returns whether there was one */
  async remove(db: TenantDb, userId: string, now: Date): Promise<boolean> {
    const removed = await db
      .table('users')
      .where({ id: userId, mfa_enabled: true })
      .update({ mfa_enabled: false, totp_secret: null, updated_at: now })
      .increment('revision', 1)
    await db.table('recovery_codes').where('user_id', userId).delete()
    return removed === 1
  }

  #open(sealed: string, userId: string): string {
    return this.#sealer.open(TOTP_SECRET, sealed, userId)
  }
}

async function row(db: TenantDb, userId: string): Promise<FactorRow> {
  const found: FactorRow | undefined = await db
    .table('users')
    .where('id', userId)
    .first('email', 'active', 'mfa_enabled', 'totp_secret')
  if (!found) throw problem('not_found', 'No user has this id.')
  return found
}
