import type Koa from 'koa'
import type { CallOrigin } from '../../call.ts'
import type { Actor } from '../../contract.ts'
import { addressOf, traceIdOf } from '../request-state.ts'

/** A call that a request began. Its trace and its signal are made when somebody asks, which most calls never do. */
export class RequestOrigin implements CallOrigin {
  readonly actor: Actor
  /** Read now: a socket that was closed forgets it. */
  readonly address: string
  readonly #ctx: Koa.Context
  #controller: AbortController | undefined

  constructor(ctx: Koa.Context, actor: Actor) {
    this.#ctx = ctx
    this.actor = actor
    this.address = addressOf(ctx)
  }

  base(): string | undefined {
    const { protocol, host } = this.#ctx
    const base = `${protocol}://${host}`
    return host !== '' && URL.canParse(base) ? new URL(base).origin : undefined
  }

  traceId(): string {
    return traceIdOf(this.#ctx)
  }

  signal(): AbortSignal {
    if (!this.#controller) {
      const made = new AbortController()
      const { res } = this.#ctx
      res.once('close', () => {
        if (!res.writableFinished) made.abort(new Error('the client went away'))
      })
      this.#controller = made
    }
    return this.#controller.signal
  }
}
