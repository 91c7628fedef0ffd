import type { Command, Outcome } from './device-api.ts'

/** Does one kind of command. What it throws is reported as `failed`. */
export type CommandHandler = (payload: Command['payload']) => Promise<unknown>

const REMEMBERED = 200

/**
 * Does commands one after the other, each once: the server delivers at least once, so a repeat is answered with the
 * outcome of the first time.
 */
export class CommandRunner {
  readonly #handlers: ReadonlyMap<string, CommandHandler>
  readonly #outcomes = new Map<string, Promise<Outcome>>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(handlers: ReadonlyMap<string, CommandHandler>) {
    this.#handlers = handlers
  }

  run(command: Command): Promise<Outcome> {
    const known = this.#outcomes.get(command.id)
    if (known) return known
    const outcome = this.#last.then(() => this.#do(command))
    this.#last = outcome
    this.#outcomes.set(command.id, outcome)
    const oldest = this.#outcomes.keys().next().value
    if (this.#outcomes.size > REMEMBERED && oldest !== undefined) this.#outcomes.delete(oldest)
    return outcome
  }

  async #do({ command, payload }: Command): Promise<Outcome> {
    const handler = this.#handlers.get(command)
    if (!handler) return { status: 'rejected', error: `this agent does not know "${command}"` }
    try {
      const result = await handler(payload)
      return { status: 'completed', ...(result === undefined ? {} : { result }) }
    } catch (error) {
      return { status: 'failed', error: error instanceof Error ? error.message : String(error) }
    }
  }
}
