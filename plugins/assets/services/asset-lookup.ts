import type { AssetCpes, AssetDirectory } from '../public.ts'
import type { AssetCpeRepository } from '../repositories/asset-cpe-repository.ts'

/** The look-ups that other plugins may make. */
export class AssetLookup implements AssetDirectory {
  readonly #cpes: AssetCpeRepository

  constructor({ assetCpeRepository }: { assetCpeRepository: AssetCpeRepository }) {
    this.#cpes = assetCpeRepository
  }

  byIds(ids: readonly string[]): Promise<AssetCpes[]> {
    return this.#cpes.byIds(ids)
  }

  withCpes(after: string | undefined, limit: number): Promise<AssetCpes[]> {
    return this.#cpes.withCpes(after, limit)
  }

  idsWithProducts(keys: readonly string[]): Promise<string[]> {
    return this.#cpes.idsWithProducts(keys)
  }

  countWithCpes(): Promise<number> {
    return this.#cpes.countWithCpes()
  }
}
