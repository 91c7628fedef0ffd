import { newId, type TenantDb } from '../../../kernel/contract.ts'

/** Files that wait to be imported by a job, on whichever instance that runs. */
export class ImportRepository {
  readonly #db: TenantDb

  constructor({ db }: { db: TenantDb }) {
    this.#db = db
  }

  async insert(content: string, now: Date): Promise<string> {
    const id = newId()
    await this.#db.table('asset_imports').insert({ id, content, created_at: now })
    return id
  }

  async content(id: string): Promise<string | undefined> {
    const row: { content: string } | undefined = await this.#db.table('asset_imports').where({ id }).first('content')
    return row?.content
  }

  async delete(id: string): Promise<void> {
    await this.#db.table('asset_imports').where({ id }).delete()
  }
}
