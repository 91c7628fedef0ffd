import type { Problem } from '../../errors.ts'

/** A person who is known, but may not come in: for the log, and for the audit log of the tenant it concerns. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly problem: Problem
  readonly tenantId: string | undefined
  readonly userId: string | undefined

  constructor(reason: string, refused: Problem, tenantId?: string, userId?: string) {
    super(reason)
    this.problem = refused
    this.tenantId = tenantId
    this.userId = userId
  }
}
