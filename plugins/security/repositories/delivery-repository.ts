import { prepare, type TenantDb } from '../../../kernel/contract.ts'

const heard = prepare<{ id: string }, { delivery_id: string }>((from, v) =>
  from.table('security_deliveries').where('delivery_id', v.id).select('delivery_id'),
)

/** Which events were heard: they come at least once, and what they tell is counted once. */
export class DeliveryRepository {
  readonly #db: TenantDb

  constructor({ db }: { db: TenantDb }) {
    this.#db = db
  }

  /** False when this delivery was heard before. Events of a tenant come one after the other. */
  async claim(id: string, now: Date): Promise<boolean> {
    if (await this.#db.first(heard, { id })) return false
    await this.#db.table('security_deliveries').insert({ delivery_id: id, heard_at: now })
    return true
  }
}
