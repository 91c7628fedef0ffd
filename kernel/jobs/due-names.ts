/** Names with a job that can be locked: unlocked and due until `dueUntil`, or under a lock as old as `lockDeadline`. */
export type FindDueNames = (dueUntil: Date, lockDeadline: Date) => Promise<readonly string[]>

interface Asked {
  readonly name: string
  readonly dueUntil: Date
  readonly lockDeadline: Date
  answer(due: boolean): void
  fail(error: unknown): void
}

/**
 * Answers whether a job name has anything due. Agenda asks for each defined name in the same turn of its clock; all
 * questions of one turn become one query, so an idle scheduler costs one query a turn, however many jobs there are.
 */
export class DueNames {
  readonly #find: FindDueNames
  #asked: Asked[] = []

  constructor(find: FindDueNames) {
    this.#find = find
  }

  /** False when no job of the name can be locked. A name asked for alone is not looked up: claiming it costs the same. */
  isDue(name: string, dueUntil: Date, lockDeadline: Date): Promise<boolean> {
    return new Promise((answer, fail) => {
      if (this.#asked.push({ name, dueUntil, lockDeadline, answer, fail }) === 1) queueMicrotask(() => this.#ask())
    })
  }

  async #ask(): Promise<void> {
    const asked = this.#asked
    this.#asked = []
    if (asked.length === 1) {
      asked[0]?.answer(true)
      return
    }
    const latest = (dates: Date[]): Date => new Date(Math.max(...dates.map(Number)))
    try {
      const names = await this.#find(latest(asked.map(one => one.dueUntil)), latest(asked.map(one => one.lockDeadline)))
      const due = new Set(names)
      for (const one of asked) one.answer(due.has(one.name))
    } catch (error) {
      for (const one of asked) one.fail(error)
    }
  }
}
