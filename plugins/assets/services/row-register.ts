import { nameKey } from '../../sites/public.ts'
import type { ImportRow } from './import-row.ts'

/** The rows of one import so far, to find those that mean the same asset. */
export class RowRegister {
  readonly #ids = new Map<string, number>()
  readonly #keys = new Map<string, number>()
  /** By name alone, and by name and site; names have no line breaks. */
  readonly #names = new Map<string, number>()

  /** Takes the row in. @returns the earlier row of the same asset, if there is one */
  add({ row, id, asset, change }: ImportRow): number | undefined {
    const key = change.external_key ?? undefined
    const name = nameKey(asset.name)
    const anywhere = `${name}\n`
    const place = `${anywhere}${change.site_id ?? ''}`
    const earlier = (): number | undefined => {
      const byId = id === undefined ? undefined : this.#ids.get(id)
      const byKey = key === undefined ? undefined : this.#keys.get(key)
      if (id !== undefined || key !== undefined) return byId ?? byKey
      return this.#names.get(place === anywhere ? name : place) ?? this.#names.get(anywhere)
    }
    const first = earlier()
    if (first !== undefined) return first
    if (id !== undefined) this.#ids.set(id, row)
    if (key !== undefined) this.#keys.set(key, row)
    for (const known of [name, place]) if (!this.#names.has(known)) this.#names.set(known, row)
    return undefined
  }
}
