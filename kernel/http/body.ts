import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { brotliDecompress, createGunzip, gunzip, inflate } from 'node:zlib'
import type Koa from 'koa'
import { type Problem, problem } from '../errors.ts'

/** Largest JSON body a route takes unless it says otherwise. */
export const DEFAULT_JSON_LIMIT = 100_000

/** The refusal of a body over `limit` bytes. */
export const tooLarge = (limit: number): Problem => problem('too_large', `The body may have at most ${limit} bytes.`)

/** Refuses a body that says beforehand that it is larger than `limit` bytes. */
export function checkDeclaredSize(ctx: Koa.Context, limit: number): void {
  const declared = Number(ctx.req.headers['content-length'])
  if (declared > limit) throw tooLarge(limit)
}

/**
 * Reads a JSON body: objects and arrays in UTF-8 only, at most `limit` bytes, before and after unpacking.
 * @throws Problem `unsupported_media_type`, `too_large`, `malformed`
 */
export const jsonBody = (ctx: Koa.Context, limit: number): Promise<unknown> => readJson(ctx, limit, unpacked)

/**
 * The same for a body that is expected to be packed: it is unpacked as it comes in, so that what grows beyond `limit` is
 * refused at once and never held. Of the encodings, gzip alone is taken.
 * @throws Problem `unsupported_media_type`, `too_large`, `malformed`
 */
export const gzipJsonBody = (ctx: Koa.Context, limit: number): Promise<unknown> => readJson(ctx, limit, gunzipped)

async function readJson(
  ctx: Koa.Context,
  limit: number,
  read: (ctx: Koa.Context, limit: number) => Promise<Buffer>,
): Promise<unknown> {
  checkDeclaredSize(ctx, limit)
  if (!ctx.is('json')) {
    const empty = ctx.req.headers['content-length'] === '0' || !hasBody(ctx.req)
    if (empty) return {}
    throw problem('unsupported_media_type', 'Send the body as application/json.')
  }
  const { charset } = ctx.request
  if (charset && !/^utf-?8$/i.test(charset)) {
    throw problem('unsupported_media_type', 'JSON is taken in UTF-8 only (RFC 8259, 8.1).')
  }
  const bytes = await read(ctx, limit)
  return bytes.length === 0 ? {} : parseJson(bytes)
}

const hasBody = (req: IncomingMessage): boolean =>
  req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0

/** Reads the body as it came, for signatures. */
export async function rawBody(ctx: Koa.Context, limit: number): Promise<Buffer> {
  checkDeclaredSize(ctx, limit)
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of incoming(ctx)) {
      size += chunk.length
      if (size > limit) throw tooLarge(limit)
      chunks.push(chunk)
    }
  } catch (error) {
    if (ctx.req.errored) throw endedEarly(error)
    throw error
  }
  return Buffer.concat(chunks)
}

/** The body as it comes in. Leaving it early does not destroy the request: the answer goes out through the same socket. */
const incoming = (ctx: Koa.Context): AsyncIterable<Buffer> =>
  ctx.req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>

const endedEarly = (cause: unknown): Problem => problem('malformed', 'The body ended early.', { cause })

const unpackers: Readonly<Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
}

async function unpacked(ctx: Koa.Context, limit: number): Promise<Buffer> {
  const encoding = ctx.get('Content-Encoding').toLowerCase()
  if (encoding === '' || encoding === 'identity') return rawBody(ctx, limit)
  const unpack = Object.hasOwn(unpackers, encoding) ? unpackers[encoding] : undefined
  if (!unpack) throw problem('unsupported_media_type', 'The content encoding is not supported; use gzip or none.')
  const packed = await rawBody(ctx, limit)
  try {
    return await unpack(packed, { maxOutputLength: limit })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limit)
    throw problem('malformed', 'The body cannot be unpacked.', { cause: error })
  }
}

async function gunzipped(ctx: Koa.Context, limit: number): Promise<Buffer> {
  const encoding = ctx.get('Content-Encoding').toLowerCase()
  if (encoding === '' || encoding === 'identity') return rawBody(ctx, limit)
  if (encoding !== 'gzip') throw problem('unsupported_media_type', 'The body is taken packed with gzip, or as it is.')
  return gunzipStream(ctx.req, limit)
}

/**
 * Unpacks a stream of gzip as it comes in, and turns it down as soon as one of its forms has more than `limit` bytes.
 * @throws Problem `too_large`, `malformed`
 */
function gunzipStream(packed: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const unpack = createGunzip()
    const chunks: Buffer[] = []
    let packedSize = 0
    let size = 0
    const fail = (error: Problem): void => {
      packed.unpipe(unpack).off('data', count).off('error', cut).pause()
      unpack.destroy()
      reject(error)
    }
    const cut = (error: Error): void => fail(endedEarly(error))
    const count = (chunk: Buffer): void => {
      packedSize += chunk.length
      if (packedSize > limit) fail(tooLarge(limit))
    }
    packed.on('data', count).on('error', cut)
    unpack.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > limit) fail(tooLarge(limit))
      else chunks.push(chunk)
    })
    unpack.on('error', error => fail(problem('malformed', 'The body cannot be unpacked.', { cause: error })))
    unpack.on('end', () => resolve(Buffer.concat(chunks)))
    packed.pipe(unpack)
  })
}

/**
 * Parses JSON, and refuses the name `__proto__` in it. Not with a reviver, which takes ten times as long as the rest: whoever
 * writes the name somewhere would hold everybody up.
 * @throws SyntaxError
 */
export function jsonOf(text: string): unknown {
  const value: unknown = JSON.parse(text)
  if (/__proto__|\\u00[5-7]/.test(text) && hasProto(value)) throw new SyntaxError('the name __proto__ is not taken')
  return value
}

function hasProto(root: unknown): boolean {
  const left = [root]
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    if (typeof value !== 'object' || value === null) continue
    if (Object.hasOwn(value, '__proto__')) return true
    for (const inner of Array.isArray(value) ? value : Object.values(value)) {
      if (typeof inner === 'object' && inner !== null) left.push(inner)
    }
  }
  return false
}

/**
 * Parses the bytes of a JSON object or array, as `jsonOf` does. Bytes that are no UTF-8 would be stored as U+FFFD, so they
 * are refused.
 * @throws Problem `malformed`
 */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw problem('malformed', 'The body is not valid UTF-8.')
  let value: unknown
  try {
    value = jsonOf(bytes.toString('utf8'))
  } catch (error) {
    throw problem('malformed', 'The body is not valid JSON.', { cause: error })
  }
  if (typeof value === 'object' && value !== null) return value
  throw problem('malformed', 'The body must be a JSON object or array.')
}
