import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { SnapOffer } from './device-api.ts'

const TRIES = 5

/**
 * Downloads a package into a folder, going on where an earlier try was cut off, and checks it before it gets its name.
 * @returns the file
 * @throws when the content is not what the server promised
 */
export async function downloadSnap(offer: SnapOffer, folder: string, signal: AbortSignal): Promise<string> {
  await mkdir(folder, { recursive: true })
  const file = path.join(folder, `${offer.name}_${offer.version.replace(/[^\w.+~-]/g, '_')}.snap`)
  const part = `${file}.part`
  for (let left = TRIES; ; left -= 1) {
    try {
      await fetchRest(offer, part, signal)
      break
    } catch (error) {
      if (left === 1 || signal.aborted || error instanceof Refused) throw error
    }
  }
  const sha256 = await digest(part)
  if (sha256 !== offer.sha256) {
    await rm(part)
    throw new Error(`${offer.name} ${offer.version} has the SHA-256 ${sha256} instead of ${offer.sha256}`)
  }
  await rename(part, file)
  return file
}

class Refused extends Error {}

async function fetchRest(
  { download_url, size_bytes, sha256 }: SnapOffer,
  part: string,
  signal: AbortSignal,
): Promise<void> {
  const have = await sizeOf(part)
  if (have === size_bytes) return
  const from = have > size_bytes ? 0 : have
  const headers = from > 0 ? { Range: `bytes=${from}-`, 'If-Range': `"${sha256}"` } : undefined
  const response = await fetch(download_url, { signal, ...(headers ? { headers } : {}) })
  if (!response.ok || !response.body) throw new Refused(`the download is refused: ${response.status}`)
  const flags = response.status === 206 ? 'a' : 'w'
  await pipeline(Readable.fromWeb(response.body as never), createWriteStream(part, { flags }), { signal })
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size
  } catch {
    return 0
  }
}

async function digest(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
