import type { Config } from '../../config/load.ts'
import { prepare } from '../data/prepared.ts'
import type { TenantDb } from '../data/tenant-db.ts'

/** The settings that say who operates the platform. */
export type OperatorSettings = Pick<Config, 'ADMIN_PANEL_ENABLED' | 'PLATFORM_ADMIN_EMAIL_DOMAIN'>

/** What is known of somebody who may be an operator. */
export interface Candidate {
  readonly email: string
  readonly email_verified_at: string | null
  /** How they logged in, as `refresh_tokens.methods` has it. */
  readonly methods: string
}

const personById = prepare<{ id: string }, { email: string; email_verified_at: string | null }>((from, v) =>
  from.table('users').select('email', 'email_verified_at').where('id', v.id).where('active', true),
)

/**
 * Knows the operators of the platform: users whose e-mail is of PLATFORM_ADMIN_EMAIL_DOMAIN, exactly, and was shown to be
 * theirs, in a session that began with a second factor. Nobody, where ADMIN_PANEL_ENABLED is off.
 */
export class Operators {
  readonly #domain: string | undefined

  constructor({ ADMIN_PANEL_ENABLED, PLATFORM_ADMIN_EMAIL_DOMAIN }: OperatorSettings) {
    this.#domain = ADMIN_PANEL_ENABLED ? PLATFORM_ADMIN_EMAIL_DOMAIN?.toLowerCase() : undefined
  }

  /** Whether somebody is one. */
  includes({ email, email_verified_at, methods }: Candidate): boolean {
    if (this.#domain === undefined || email_verified_at === null || !withSecondFactor(methods)) return false
    return email.slice(email.lastIndexOf('@') + 1).toLowerCase() === this.#domain
  }

  /** Whether a user is one, in a session that began in these ways; asks the database only when that can be. */
  async include(db: TenantDb, userId: string, methods: string): Promise<boolean> {
    if (this.#domain === undefined || !withSecondFactor(methods)) return false
    const person = await db.first(personById, { id: userId })
    return person !== undefined && this.includes({ ...person, methods })
  }
}

const withSecondFactor = (methods: string): boolean => methods.split(' ').includes('mfa')
