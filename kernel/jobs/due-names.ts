import type { Database } from '../../db/database.ts'
import { AGENDA_TABLE } from './agenda-row.ts'

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
  readonly #database: Database
  readonly #sql: string
  #asked: Asked[] = []

  constructor(database: Database) {
    this.#database = database
    this.#sql = database
      .knex(AGENDA_TABLE)
      .distinct('name')
      .whereRaw('disabled = 0 AND ((locked_at IS NULL AND next_run_at <= ?) OR locked_at <= ?)', ['', ''])
      .toSQL().sql
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
    const bindings = [latest(asked.map(one => one.dueUntil)), latest(asked.map(one => one.lockDeadline))]
    try {
      const rows = await this.#database.read<{ name: string }>({ sql: this.#sql, method: 'select' }, bindings)
      const due = new Set(rows.map(row => row.name))
      for (const one of asked) one.answer(due.has(one.name))
    } catch (error) {
      for (const one of asked) one.fail(error)
    }
  }
}
