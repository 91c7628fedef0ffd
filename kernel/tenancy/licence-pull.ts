import type { PlatformCall } from '../contract.ts'
import { Problem } from '../errors.ts'
import type { Log } from '../log/log.ts'
import { CircuitBreaker, type Patience } from './circuit-breaker.ts'
import type { Features } from './features.ts'
import { markAsked } from './licence-round.ts'
import { type LicenceOutcome, storeLicence } from './licences.ts'
import { type ManagementAnswer, type ManagementClient, ManagementUnreachable } from './management-client.ts'

/** A tenant is asked for again by log-ins after this time. */
const FLOOR_MS = 30_000
/** A log-in waits for so long. */
const LONGEST_WAIT_MS = 4_000
const MOST_REMEMBERED = 10_000

/** What came of asking for a tenant's licence. */
export type PullOutcome =
  | { readonly kind: 'stored'; readonly licence: LicenceOutcome }
  | { readonly kind: 'none' }
  /** `unusable`: what Management said is no licence of this tenant. */
  | { readonly kind: 'unusable' | 'unreachable'; readonly reason: string }

interface LicencePullOptions {
  readonly client: ManagementClient
  readonly features: Features
  /** A call of the plugin `licences`. */
  readonly call: () => PlatformCall
  readonly now: () => Date
  readonly log: Log
  readonly patience?: Patience
}

/**
 * Asks Management for licences, so that a webhook that was missed does no lasting harm. Whatever goes wrong blocks nobody
 * and takes nothing from anybody: what is stored goes on to hold.
 */
export class LicencePull {
  readonly #options: LicencePullOptions
  readonly #breaker: CircuitBreaker
  readonly #underWay = new Map<string, Promise<PullOutcome>>()
  /** When a tenant was asked for last; epoch milliseconds. */
  readonly #askedAt = new Map<string, number>()
  /** What was last said of a tenant's answer that was of no use. */
  readonly #complaints = new Map<string, string>()
  readonly #stopped = new AbortController()
  #fault: string | undefined
  #since = 0

  constructor(options: LicencePullOptions) {
    this.#options = options
    this.#breaker = new CircuitBreaker(() => options.now().getTime(), options.patience)
  }

  /** True while nobody need try: Management was down a moment ago. */
  get down(): boolean {
    return this.#breaker.open
  }

  /** Why Management cannot be asked, for operators; undefined while it can, as far as is known. */
  get fault(): string | undefined {
    return this.#fault
  }

  /**
   * Asks for a tenant that logs in, at most every half minute, and not at all while Management is known to be down.
   * Never rejects; when it resolves, what came is in force. It waits for four seconds at most, so that a log-in is held up
   * by nothing, such as a database that is slow or that the caller itself has locked.
   */
  async ask(tenantId: string): Promise<void> {
    const asking = this.#underWay.get(tenantId) ?? (this.#mayAsk(tenantId) ? this.askNow(tenantId) : undefined)
    if (!asking) return
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, LONGEST_WAIT_MS)
    const asked = asking.catch((error: unknown) =>
      this.#options.log.error({ tenant_id: tenantId, err: error }, 'a licence could not be taken over'),
    )
    await Promise.race([asked, late.promise])
    clearTimeout(timer)
  }

  /** Asks for a tenant now, or joins who does. Rejects only where the database does not take the answer. */
  askNow(tenantId: string): Promise<PullOutcome> {
    const underWay = this.#underWay.get(tenantId)
    if (underWay) return underWay
    const asking = this.#ask(tenantId).finally(() => this.#underWay.delete(tenantId))
    this.#underWay.set(tenantId, asking)
    return asking
  }

  /** Asks no more, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopped.abort(new Error('the server stops'))
    await Promise.allSettled(this.#underWay.values())
  }

  #mayAsk(tenantId: string): boolean {
    const since = Math.abs(this.#options.now().getTime() - (this.#askedAt.get(tenantId) ?? -FLOOR_MS))
    return !this.#stopped.signal.aborted && since >= FLOOR_MS && this.#breaker.enter()
  }

  async #ask(tenantId: string): Promise<PullOutcome> {
    const { client, features, call, now } = this.#options
    const asOf = now()
    this.#remember(tenantId, asOf.getTime())
    let answer: ManagementAnswer
    try {
      answer = await client.licence(tenantId, this.#stopped.signal)
    } catch (error) {
      if (!(error instanceof ManagementUnreachable)) throw error
      this.#failed(error)
      return { kind: 'unreachable', reason: error.message }
    }
    this.#succeeded()
    try {
      const outcome: PullOutcome =
        answer.kind === 'licence'
          ? { kind: 'stored', licence: await storeLicence(call(), features, answer.licence, asOf) }
          : answer
      return this.#told(tenantId, outcome)
    } catch (error) {
      if (!(error instanceof Problem) || error.status >= 500) throw error
      return this.#told(tenantId, { kind: 'unusable', reason: error.message })
    } finally {
      await markAsked(call().db, tenantId, now())
    }
  }

  /** Complains of an answer that is of no use, once for each tenant and reason. */
  #told(tenantId: string, outcome: PullOutcome): PullOutcome {
    const reason = outcome.kind === 'unusable' ? outcome.reason : undefined
    if (reason === undefined) this.#complaints.delete(tenantId)
    else if (this.#complaints.get(tenantId) !== reason) {
      if (this.#complaints.size >= MOST_REMEMBERED) this.#complaints.clear()
      this.#complaints.set(tenantId, reason)
      const what = 'Management answered with what is no licence of this tenant; what is stored goes on to hold'
      this.#options.log.warn({ tenant_id: tenantId, reason }, what)
    }
    return outcome
  }

  #failed({ message }: ManagementUnreachable): void {
    if (this.#stopped.signal.aborted) return
    this.#breaker.failed()
    if (this.#fault === undefined) {
      this.#since = performance.now()
      const what = 'Management cannot be asked for licences; what is stored goes on to hold'
      this.#options.log.warn({ reason: message }, what)
    }
    this.#fault = `Management cannot be asked for licences: ${message}`
  }

  #succeeded(): void {
    this.#breaker.succeeded()
    if (this.#fault === undefined) return
    this.#fault = undefined
    const seconds = Math.round((performance.now() - this.#since) / 1000)
    this.#options.log.info({ seconds }, 'Management answers again')
  }

  #remember(tenantId: string, at: number): void {
    if (this.#askedAt.size >= MOST_REMEMBERED) this.#askedAt.clear()
    this.#askedAt.set(tenantId, at)
  }
}
