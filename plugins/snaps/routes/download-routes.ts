import { z } from 'zod'
import { problem, type Reply, type RequestFacts, reply } from '../../../kernel/contract.ts'
import type { SnapKit } from '../plugin.ts'
import type { StoredSnap } from '../repositories/snap-row.ts'
import { byteRangeOf } from '../services/byte-range.ts'
import type { DownloadLinks } from '../services/download-links.ts'
import { fileNameOf, NamedVersion } from '../snap.ts'
import type { BlobStore } from '../stores/blob-store.ts'

const TYPE = 'application/octet-stream'
const TICKET = z.strictObject({ expires: z.coerce.number().int().min(0).max(1e11), signature: z.string().max(100) })

/** Hands packages out to whoever has an address that was signed here. */
export function downloadRoutes(kit: SnapKit, store: BlobStore, links: DownloadLinks): void {
  kit.platformRoute('GET /snaps/:name/:version/download', {
    summary: 'Download a package',
    description:
      'The address stands in `download_url`; it is signed and expires. Takes `Range` and `If-Range` with the `ETag`, which is ' +
      'the SHA-256 of the content.',
    access: 'public',
    edge: true,
    params: NamedVersion,
    query: TICKET,
    produces: TYPE,
    async handle({ params, query }, { call, snapRepository }, request) {
      links.check(params, query, call.now())
      const snap = await snapRepository.find(params.name, params.version)
      if (!snap) throw problem('not_found', 'This package is not published any more.')
      if ((await store.size(snap.blob_key)) !== snap.size_bytes) throw lost(snap)
      return answer(snap, store, request)
    },
  })
}

function answer(snap: StoredSnap, store: BlobStore, request: RequestFacts): Reply {
  const { blob_key, size_bytes: size, sha256 } = snap
  const etag = `"${sha256}"`
  const headers = {
    ETag: etag,
    'Accept-Ranges': 'bytes',
    // The content under an address never changes, and must not be compressed on its way.
    'Cache-Control': 'private, max-age=31536000, immutable, no-transform',
    'Content-Disposition': `attachment; filename="${fileNameOf(snap)}"`,
  }
  if (knows(request.header('If-None-Match'), etag)) return reply(undefined, { status: 304, headers })
  const range = isCurrent(request.header('If-Range'), etag) ? byteRangeOf(request.header('Range'), size) : 'whole'
  if (range === 'unsatisfiable') {
    throw problem('range_not_satisfiable', `The package has ${size} bytes.`, {
      headers: { 'Content-Range': `bytes */${size}` },
    })
  }
  if (range === 'whole') {
    return reply(store.open(blob_key), { type: TYPE, headers: { ...headers, 'Content-Length': String(size) } })
  }
  const { start, end } = range
  return reply(store.open(blob_key, range), {
    status: 206,
    type: TYPE,
    headers: {
      ...headers,
      'Content-Length': String(end - start + 1),
      'Content-Range': `bytes ${start}-${end}/${size}`,
    },
  })
}

/** A range is of use to a client that has the beginning of this content only (RFC 9110, 13.1.5). */
const isCurrent = (ifRange: string, etag: string): boolean => ifRange === '' || ifRange.trim() === etag

const knows = (ifNoneMatch: string, etag: string): boolean =>
  ifNoneMatch !== '' && ifNoneMatch.split(',').some(tag => tag.trim().replace(/^W\//, '') === etag)

const lost = ({ name, version }: StoredSnap) =>
  problem(
    'blob_store_unavailable',
    `The package of ${name} ${version} is missing in the store: publish it once more.`,
    {
      headers: { 'Retry-After': '30' },
    },
  )
