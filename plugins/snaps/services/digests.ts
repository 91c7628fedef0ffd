import { createHash } from 'node:crypto'
import { problem } from '../../../kernel/contract.ts'

/** Passes content on while it is measured. The digests are there when all of it has passed. */
export class Digests {
  readonly #limit: number
  readonly #sha256 = createHash('sha256')
  readonly #sha3 = createHash('sha3-384')
  size = 0

  /** @param limit most bytes that are let through */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** @throws Problem `too_large` */
  async *of(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of content) {
      this.size += chunk.length
      if (this.size > this.#limit) {
        throw problem('too_large', `A package may have at most ${this.#limit} bytes (SNAP_MAX_BYTES).`)
      }
      this.#sha256.update(chunk)
      this.#sha3.update(chunk)
      yield chunk
    }
  }

  /** Both digests in hexadecimal; asked for once. */
  result(): { readonly sha256: string; readonly sha3_384: string } {
    return { sha256: this.#sha256.digest('hex'), sha3_384: this.#sha3.digest('hex') }
  }
}
