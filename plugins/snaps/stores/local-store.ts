import { createReadStream } from 'node:fs'
import { access, constants, mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { problem } from '../../../kernel/contract.ts'
import type { ByteRange } from '../services/byte-range.ts'
import { type BlobStore, isOurKey, type StoredBlob } from './blob-store.ts'

const READ_BYTES = 131_072

/**
 * Blobs as files of one folder. A file is written under another name, synced and renamed, so that what has its name is whole,
 * also after a power cut.
 */
export class LocalStore implements BlobStore {
  readonly place: string

  /** @param root absolute; made when it is first needed */
  constructor(root: string) {
    this.place = root
  }

  async put(key: string, content: AsyncIterable<Buffer>): Promise<void> {
    const file = this.#file(key)
    const part = `${file}.part`
    try {
      await makeFolder(this.place)
      {
        await using handle = await open(part, 'wx', 0o600)
        await handle.writeFile(content)
        await handle.sync()
      }
      await rename(part, file)
      await using folder = await open(this.place, 'r')
      await folder.sync()
    } catch (error) {
      for (const left of [part, file]) await rm(left, { force: true }).catch(() => undefined)
      throw fileProblem(error)
    }
  }

  open(key: string, range?: ByteRange): Readable {
    return Readable.from(read(this.#file(key), range), { objectMode: false, highWaterMark: READ_BYTES })
  }

  async link(): Promise<undefined> {
    return undefined
  }

  async size(key: string): Promise<number | undefined> {
    try {
      return (await stat(this.#file(key))).size
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw fileProblem(error)
    }
  }

  async delete(key: string): Promise<void> {
    try {
      await rm(this.#file(key), { force: true })
    } catch (error) {
      throw fileProblem(error)
    }
  }

  async *list(): AsyncGenerator<StoredBlob, void, undefined> {
    try {
      for await (const { name } of await opendir(this.place)) {
        if (!isOurKey(name)) continue
        const found = await stat(this.#file(name)).catch(() => undefined)
        if (found) yield { key: name, modified: found.mtime }
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw fileProblem(error)
    }
  }

  async check(): Promise<void> {
    try {
      await makeFolder(this.place)
      await access(`${this.place}/.`, constants.R_OK | constants.W_OK)
    } catch (error) {
      throw fileProblem(error)
    }
  }

  #file(key: string): string {
    return path.join(this.place, key)
  }
}

/** Not `mkdir` with `recursive`: where a file system refuses names with ENOENT, as /proc does, Node 24 tries that for ever. */
async function makeFolder(folder: string): Promise<void> {
  const make = () => mkdir(folder, { mode: 0o700 })
  await make().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return
    const parent = path.dirname(folder)
    if (error.code !== 'ENOENT' || parent === folder) throw error
    await makeFolder(parent)
    await make()
  })
}

/** Opens the file when the first piece is asked for, and closes it however the reading ends. */
async function* read(file: string, range: ByteRange | undefined): AsyncGenerator<Buffer, void, undefined> {
  yield* createReadStream(file, { ...range, highWaterMark: READ_BYTES })
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const CLOSED = new Set(['EACCES', 'EPERM', 'EROFS'])

/** What the file system says, as a problem; anything else, such as a fault of the content, is left as it is. */
function fileProblem(error: unknown): unknown {
  const { code = '', syscall } = error as NodeJS.ErrnoException
  if (syscall === undefined) return error
  if (FULL.has(code)) return problem('storage_full', undefined, { cause: error })
  if (CLOSED.has(code)) {
    const detail = `The server may not write into its folder of packages (${code}): make SNAP_BLOB_LOCAL_ROOT a folder of its user.`
    return problem('blob_store_read_only', detail, { cause: error })
  }
  const detail = `The folder of packages (SNAP_BLOB_LOCAL_ROOT) cannot be used: ${code}.`
  return problem('blob_store_unavailable', detail, { cause: error, headers: { 'Retry-After': '30' } })
}
