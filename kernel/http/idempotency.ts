import { createHash } from 'node:crypto'
import type { PlatformDb } from '../data/platform-db.ts'
import { prepare } from '../data/prepared.ts'
import type { TenantDb } from '../data/tenant-db.ts'
import { problem } from '../errors.ts'

/** A POST with an `Idempotency-Key`, as draft-ietf-httpapi-idempotency-key-header-07 has it. */
export interface IdempotentRequest {
  readonly tenantId: string
  readonly actorId: string
  /** The header as it came. */
  readonly key: string
  readonly method: string
  /** The path that was asked for. A key belongs to one actor and path: elsewhere it is another key. */
  readonly path: string
  /** SHA-256 of what was asked for, in hex: tells a repeat from another request under the same key. */
  readonly requestHash: string
  readonly now: Date
}

/** An answer as it is kept. */
export interface KeptAnswer {
  readonly status: number
  /** What becomes the JSON body; undefined: none. */
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** `new`: do the work, then `finishIdempotent`. `repeat`: it was done, and this was the answer. */
export type Begun = { readonly kind: 'new' } | ({ readonly kind: 'repeat' } & KeptAnswer)

/** How long a repeat gets the first answer, in milliseconds. */
export const KEPT_MS = 86_400_000
/** Most characters of an answer's JSON that are kept. */
export const LARGEST_ANSWER = 262_144

const PRINTABLE = /^[\x20-\x7e]{1,255}$/
/** Stands for an answer that was not kept; no JSON is empty. */
const NOT_KEPT = ''

interface KeyRow {
  readonly request_hash: string
  readonly status: number | null
  readonly headers: string | null
  readonly response: string | null
  readonly expires_at: string | Date
}

type Place = Readonly<Record<'actor_id' | 'idempotency_key' | 'route_hash', string>>

const find = prepare<Place, KeyRow>((from, { actor_id, idempotency_key, route_hash }) =>
  from
    .table('idempotency_keys')
    .select('request_hash', 'status', 'headers', 'response', 'expires_at')
    .where({ actor_id, idempotency_key, route_hash }),
)

/** The route's hash covers the key as well: SQL Server compares text without regard to case. */
const placeOf = ({ actorId, key, method, path }: IdempotentRequest): Place => ({
  actor_id: actorId,
  idempotency_key: key,
  route_hash: createHash('sha256').update(`${method} ${path} ${key}`).digest('hex'),
})

const running = new Set<string>()

/**
 * Keeps a second request with the same key out while the first is running in this process. Take it before the
 * transaction begins, and dispose of it after its end: a repeat then is told at once instead of waiting for the writer.
 * Between processes the unique key decides: the second waits for the first one's transaction and gets its answer.
 * @throws Problem `malformed` for a key that is not 1 to 255 printable ASCII characters
 * @throws Problem `idempotency_key_in_use`
 */
export function holdIdempotencyKey(request: IdempotentRequest): Disposable {
  if (!PRINTABLE.test(request.key)) {
    throw problem('malformed', 'Idempotency-Key must be 1 to 255 printable ASCII characters, such as a UUID.')
  }
  const held = `${request.tenantId} ${request.actorId} ${placeOf(request).route_hash}`
  if (running.has(held)) throw inUse()
  running.add(held)
  return { [Symbol.dispose]: () => running.delete(held) }
}

/**
 * Claims the key, inside the transaction of the write: what fails leaves nothing, and may be sent again.
 * @throws Problem `idempotency_key_reused` when the key came with another request before
 * @throws Problem `idempotency_key_in_use` when the first request has not ended
 * @throws Problem `conflict` when it has, but its answer was not kept
 */
export async function beginIdempotent(db: TenantDb, request: IdempotentRequest): Promise<Begun> {
  const place = placeOf(request)
  const known = await db.first(find, place)
  if (known && new Date(known.expires_at) > request.now) return repeat(known, request)
  if (known) await db.table('idempotency_keys').where(place).delete()
  const { requestHash, now } = request
  const expires_at = new Date(now.getTime() + KEPT_MS)
  try {
    await db.table('idempotency_keys').insert({ ...place, request_hash: requestHash, created_at: now, expires_at })
    return { kind: 'new' }
  } catch (error) {
    // SQL Server: another request with this key has committed since we looked.
    const first = await db.first(find, place).catch(() => undefined)
    if (!first) throw error
    return repeat(first, request)
  }
}

/**
 * Keeps the answer for a repeat, in the same transaction. Streams, bytes, and answers above `LARGEST_ANSWER` are not
 * kept, nor those with `keep: false` (they show a secret once): a repeat then is told that the work was done.
 */
export async function finishIdempotent(
  db: TenantDb,
  request: IdempotentRequest,
  answer: KeptAnswer & { readonly keep?: boolean | undefined },
): Promise<void> {
  const kept = { status: answer.status, response: bodyToKeep(answer), headers: headersToKeep(answer) }
  await db.table('idempotency_keys').where(placeOf(request)).update(kept)
}

/**
 * Deletes keys that have expired, about a thousand at a time. Nothing depends on it but room.
 * @returns whether there are more
 */
export async function purgeIdempotencyKeys(db: PlatformDb, now: Date): Promise<boolean> {
  const expired: { expires_at: string | Date }[] = await db
    .table('idempotency_keys')
    .select('expires_at')
    .where('expires_at', '<=', now)
    .orderBy('expires_at')
    .limit(1000)
  const last = expired.at(-1)
  if (!last) return false
  await db.table('idempotency_keys').where('expires_at', '<=', last.expires_at).delete()
  return expired.length === 1000
}

function repeat(row: KeyRow, { requestHash }: IdempotentRequest): Begun {
  if (row.request_hash !== requestHash) {
    throw problem('idempotency_key_reused', 'Send another request under a key of its own.')
  }
  if (row.status === null) throw inUse()
  if (row.response === NOT_KEPT) {
    throw problem('conflict', 'The first request with this idempotency key was done, but its answer was not kept.')
  }
  return {
    kind: 'repeat',
    status: Number(row.status),
    body: row.response === null ? undefined : JSON.parse(row.response),
    headers: row.headers === null ? undefined : JSON.parse(row.headers),
  }
}

const inUse = () => problem('idempotency_key_in_use', undefined, { headers: { 'Retry-After': '1' } })

function bodyToKeep({ body, keep = true }: KeptAnswer & { readonly keep?: boolean | undefined }): string | null {
  if (!keep || isBinary(body)) return NOT_KEPT
  const json = JSON.stringify(body)
  if (json === undefined) return null
  return json.length > LARGEST_ANSWER ? NOT_KEPT : json
}

const isBinary = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && ('pipe' in body || ArrayBuffer.isView(body))

const headersToKeep = ({ headers }: KeptAnswer): string | null =>
  headers && Object.keys(headers).length > 0 ? JSON.stringify(headers) : null
