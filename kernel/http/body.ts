import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
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
export async function jsonBody(ctx: Koa.Context, limit: number): Promise<unknown> {
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
  const bytes = await unpacked(ctx, limit)
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
    // Leaving the loop early must not destroy the request: the answer goes out through the same socket.
    for await (const chunk of ctx.req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > limit) throw tooLarge(limit)
      chunks.push(chunk)
    }
  } catch (error) {
    if (ctx.req.errored) throw problem('malformed', 'The body ended early.', { cause: error })
    throw error
  }
  return Buffer.concat(chunks)
}

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

/**
 * Parses the bytes of a JSON object or array. Bytes that are no UTF-8 would be stored as U+FFFD, so they are refused, and
 * so is the name `__proto__`.
 * @throws Problem `malformed`
 */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw problem('malformed', 'The body is not valid UTF-8.')
  const text = bytes.toString('utf8')
  let value: unknown
  try {
    value = /__proto__|\\u00[5-7]/i.test(text) ? JSON.parse(text, refuseProto) : JSON.parse(text)
  } catch (error) {
    throw problem('malformed', 'The body is not valid JSON.', { cause: error })
  }
  if (typeof value === 'object' && value !== null) return value
  throw problem('malformed', 'The body must be a JSON object or array.')
}

function refuseProto(name: string, value: unknown): unknown {
  if (name === '__proto__') throw new SyntaxError('the name __proto__ is not taken')
  return value
}
