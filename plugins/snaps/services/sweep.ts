import type { PlatformCall } from '../../../kernel/contract.ts'
import type { SnapRepository } from '../repositories/snap-repository.ts'
import type { BlobStore } from '../stores/blob-store.ts'

/** Longer than any upload takes: what is younger may still get its row. */
const GRACE_MS = 24 * 3_600_000
const PORTION = 200

/** Removes what uploads left behind that were cut off by a crash: blobs that no version has. */
export class Sweep {
  readonly #call: PlatformCall
  readonly #snaps: SnapRepository

  constructor({ call, snapRepository }: { call: PlatformCall; snapRepository: SnapRepository }) {
    this.#call = call
    this.#snaps = snapRepository
  }

  /** @returns how many were removed */
  async run(store: BlobStore): Promise<number> {
    const before = this.#call.now().getTime() - GRACE_MS
    let removed = 0
    let portion: string[] = []
    const examine = async (): Promise<void> => {
      const used = await this.#snaps.keysInUse(portion)
      for (const key of portion.filter(candidate => !used.has(candidate))) {
        await store.delete(key)
        this.#call.log.info({ blob: key, store: store.place }, 'removed a package that no version has')
        removed += 1
      }
      portion = []
    }
    for await (const { key, modified } of store.list()) {
      this.#call.signal.throwIfAborted()
      if (modified.getTime() >= before) continue
      portion.push(key)
      if (portion.length === PORTION) await examine()
    }
    if (portion.length > 0) await examine()
    return removed
  }
}
