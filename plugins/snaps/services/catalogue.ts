import type { SnapCatalogue } from '../public.ts'
import type { CatalogueRepository } from '../repositories/catalogue-repository.ts'
import type { StoredSnap } from '../repositories/snap-row.ts'
import { CHANNELS, type Channel } from '../snap.ts'
import { compareVersions } from './version-order.ts'

/** Which version a device should have. */
export class Catalogue implements SnapCatalogue {
  readonly #snaps: CatalogueRepository

  constructor({ catalogueRepository }: { catalogueRepository: CatalogueRepository }) {
    this.#snaps = catalogueRepository
  }

  find(name: string, version: string): Promise<StoredSnap | undefined> {
    return this.#snaps.find(name, version)
  }

  /**
   * What was released last to the channel, or to one of less risk where that has a higher version: a device on `beta` gets
   * what became `stable`, but is not taken back by a fix of an older version.
   */
  async latest(name: string, channel: Channel): Promise<StoredSnap | undefined> {
    let best: StoredSnap | undefined
    for (const safer of CHANNELS.slice(0, CHANNELS.indexOf(channel) + 1).reverse()) {
      const found = await this.#snaps.latestIn(name, safer)
      if (found && (!best || compareVersions(found.version, best.version) > 0)) best = found
    }
    return best
  }
}
