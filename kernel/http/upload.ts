import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Readable, Transform } from 'node:stream'
import type Koa from 'koa'
import type { koaBody as KoaBody } from 'koa-body'
import type { Upload } from '../contract.ts'
import { type Problem, problem } from '../errors.ts'
import { checkDeclaredSize, tooLarge } from './body.ts'

/** Largest uploaded file unless a route says otherwise. */
export const DEFAULT_UPLOAD_LIMIT = 50_000_000

const next = async (): Promise<void> => undefined

let loading: Promise<typeof KoaBody> | undefined

/** Loaded with the first form that comes: with all that it brings it costs a start 100 ms and 10 MB. */
const loadKoaBody = (): Promise<typeof KoaBody> => (loading ??= import('koa-body').then(({ koaBody }) => koaBody))

/** An upload and what to do when it has been used. */
export interface OpenUpload extends AsyncDisposable {
  readonly upload: Upload
}

/**
 * Opens the body as a stream of one of `types`, or the first file of a multipart form. At most `limit` bytes: the
 * stream fails with `too_large` beyond that.
 */
export function uploadBody(types: readonly string[], limit: number): (ctx: Koa.Context) => Promise<OpenUpload> {
  return async ctx => {
    checkDeclaredSize(ctx, limit)
    if (types.includes('multipart/form-data') && ctx.is('multipart/form-data')) return fromForm(ctx, limit)
    const type = ctx.is([...types])
    if (!type) throw problem('unsupported_media_type', `Send the body as ${types.join(' or ')}.`)
    const content = ctx.req.pipe(limited(limit))
    ctx.req.once('error', error => content.destroy(error))
    ctx.req.once('aborted', () => content.destroy(problem('malformed', 'The body ended early.')))
    return {
      upload: { type, filename: undefined, fields: {}, content },
      [Symbol.asyncDispose]: async () => {
        content.destroy()
      },
    }
  }
}

interface FormFile {
  readonly filepath: string
  readonly mimetype: string | null
  readonly originalFilename: string | null
}

/** Codes of formidable: fields too large, too many. */
const FIELD_LIMITS = new Set([1006, 1007])
const DISK_FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

function formProblem(error: unknown, limit: number): Problem {
  const { httpCode, code } = error as { httpCode?: number; code?: number | string }
  if (DISK_FULL.has(String(code))) return problem('storage_full', undefined, { cause: error })
  if (FIELD_LIMITS.has(Number(code))) return problem('too_large', 'The form may have a file and few short fields.')
  if (httpCode === 413) return tooLarge(limit)
  return problem('malformed', 'The multipart form cannot be read.', { cause: error })
}

async function fromForm(ctx: Koa.Context, limit: number): Promise<OpenUpload> {
  let files = 0
  let path: string | undefined
  const remove = async (): Promise<void> => {
    if (path !== undefined) await rm(path, { force: true })
  }
  const koaBody = await loadKoaBody()
  const parse = koaBody({
    multipart: true,
    json: false,
    urlencoded: false,
    text: false,
    formidable: {
      maxFileSize: limit,
      maxTotalFileSize: limit,
      minFileSize: 0,
      allowEmptyFiles: true,
      maxFields: 20,
      maxFieldsSize: 20_000,
      // Only the first file is written to disk, whatever else the form holds.
      filter: () => ++files === 1,
      onFileBegin: (_name, made) => {
        path = made.filepath
      },
    },
  })
  try {
    await parse(ctx as never, next)
  } catch (error) {
    await remove()
    throw formProblem(error, limit)
  }
  const sent = Object.values((ctx.request as unknown as { files?: Record<string, FormFile | FormFile[]> }).files ?? {})
  const file = sent.flat()[0]
  if (!file || files > 1) {
    await remove()
    const message = file ? 'has more than one file' : 'has no file'
    throw problem('invalid', `The form ${message}.`, { errors: [{ path: 'body', message }] })
  }
  const content = createReadStream(file.filepath)
  return {
    upload: {
      type: file.mimetype ?? 'application/octet-stream',
      filename: file.originalFilename ?? undefined,
      fields: formFields(ctx.request.body),
      content,
    },
    [Symbol.asyncDispose]: async () => {
      content.destroy()
      await remove()
    },
  }
}

function formFields(body: unknown): Record<string, string> {
  const fields = Object.entries((body ?? {}) as Record<string, unknown>)
  return Object.fromEntries(fields.filter((field): field is [string, string] => typeof field[1] === 'string'))
}

function limited(limit: number): Transform {
  let size = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length
      if (size > limit) done(tooLarge(limit))
      else done(null, chunk)
    },
  })
}

/** Stands in the input of routes that take no upload. */
export const noUpload: Upload = Object.freeze({ type: '', filename: undefined, fields: {}, content: Readable.from([]) })
