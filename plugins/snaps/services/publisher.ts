import { newId, type PlatformCall, problem } from '../../../kernel/contract.ts'
import type { SnapRepository } from '../repositories/snap-repository.ts'
import type { StoredSnap } from '../repositories/snap-row.ts'
import type { Channel, Declaration } from '../snap.ts'
import { type BlobStore, keyOf } from '../stores/blob-store.ts'
import { Digests } from './digests.ts'

/** A package on its way in. */
export interface Incoming {
  readonly content: AsyncIterable<Buffer>
  /** What the publisher says of it: complete only when the content has been read. */
  declaration(): Promise<Declaration>
}

/** How publishing ended. */
export interface Published {
  readonly snap: StoredSnap
  /** False: the version was there already, with the same content. */
  readonly created: boolean
}

/** Takes packages in. The blob comes first and the row after it, so that no row is without a blob. */
export class Publisher {
  readonly #call: PlatformCall
  readonly #snaps: SnapRepository

  constructor({ call, snapRepository }: { call: PlatformCall; snapRepository: SnapRepository }) {
    this.#call = call
    this.#snaps = snapRepository
  }

  /**
   * Stores a package and makes it the latest of its channel.
   * @param limit most bytes
   * @throws Problem `conflict` when the version is there with other content, `invalid`, `too_large`, or what the store says
   */
  async publish(store: BlobStore, incoming: Incoming, limit: number): Promise<Published> {
    const id = newId()
    const blob_key = keyOf(id)
    const digests = new Digests(limit)
    await store.put(blob_key, digests.of(incoming.content))
    const { declaration, ...found } = await this.#examined(incoming, digests).catch(async error => {
      await this.#discard(store, blob_key)
      throw error
    })
    const { name, version, channel } = declaration
    // From here on a failure may have written the row: the blob stays, and the sweep finds out whose it is.
    const stored = await this.#call.db.transaction(async () => {
      const added = await this.#snaps.add({ id, name, version, channel, blob_key, ...found }, this.#call.now())
      if (added.id === id) this.#audit('snap.published', added)
      return added
    })
    if (stored.id === id) {
      this.#call.log.info({ snap: logged(stored), store: store.place }, `published ${name} ${version} to ${channel}`)
      return { snap: stored, created: true }
    }
    if (stored.sha256 !== found.sha256 || stored.sha3_384 !== found.sha3_384) {
      await this.#discard(store, blob_key)
      throw problem('conflict', `${name} ${version} was published with other content. Publish a new version.`)
    }
    await this.#keepOne(store, stored, blob_key)
    const moved = stored.channel === channel ? undefined : await this.release(name, version, channel)
    return { snap: moved ?? stored, created: false }
  }

  /**
   * Makes a version that is there the latest of a channel.
   * @throws Problem `not_found`
   */
  async release(name: string, version: string, channel: Channel): Promise<StoredSnap> {
    const snap = await this.#call.db.transaction(async () => {
      const released = await this.#snaps.release(name, version, channel, this.#call.now())
      if (!released) throw problem('not_found', `${name} ${version} is not published.`)
      this.#audit('snap.released', released)
      return released
    })
    this.#call.log.info({ snap: logged(snap) }, `released ${name} ${version} to ${channel}`)
    return snap
  }

  #audit(action: string, snap: StoredSnap): void {
    this.#call.auditPlatform({ action, resourceType: 'snap', resourceId: snap.id, after: logged(snap) })
  }

  async #examined({ declaration }: Incoming, digests: Digests) {
    const declared = await declaration()
    if (digests.size === 0) throw invalid('the content is empty')
    const { sha256, sha3_384 } = digests.result()
    if (declared.sha256 !== undefined && declared.sha256 !== sha256) {
      throw invalid(`the content has the SHA-256 ${sha256}, not ${declared.sha256}; it was changed on its way`)
    }
    return { declaration: declared, size_bytes: digests.size, sha256, sha3_384 }
  }

  /** The same content came again: one blob is enough, unless the first has been lost. */
  async #keepOne(store: BlobStore, stored: StoredSnap, key: string): Promise<void> {
    if ((await store.size(stored.blob_key)) === stored.size_bytes) return this.#discard(store, key)
    await this.#snaps.moveTo(stored.id, key)
    this.#call.log.warn({ snap: logged(stored), lost: stored.blob_key }, 'the package was lost, and is there again')
  }

  /** What cannot be removed now is removed by the sweep. */
  async #discard(store: BlobStore, key: string): Promise<void> {
    await store
      .delete(key)
      .catch((error: unknown) => this.#call.log.warn(error as Error, `${key} could not be removed`))
  }
}

const logged = ({ name, version, channel, size_bytes, sha256 }: StoredSnap) => ({
  name,
  version,
  channel,
  size_bytes,
  sha256,
})

const invalid = (message: string) =>
  problem('invalid', `The package is not taken: ${message}.`, { errors: [{ path: 'body', message }] })
