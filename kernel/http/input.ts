import type Koa from 'koa'
import { z } from 'zod'
import type { Input } from '../contract.ts'
import { type Fault, problem } from '../errors.ts'
import type { RegisteredRoute } from '../plugins/registrations.ts'
import { DEFAULT_JSON_LIMIT, gzipJsonBody, jsonBody } from './body.ts'
import { DEFAULT_UPLOAD_LIMIT, noUpload, type OpenUpload, uploadBody } from './upload.ts'

const MOST_FAULTS = 50
const uuid = z.guid().toLowerCase()

/** What a route works on, and what to dispose of afterwards. */
export interface OpenInput {
  readonly input: Input<Readonly<Record<string, string>>, unknown, unknown>
  readonly upload: OpenUpload | undefined
}

const noParams: Readonly<Record<string, string>> = Object.freeze({})

/** Compiles the part of a route that reads and checks the request. `takesBody` false leaves the body alone. */
export function inputReader(
  path: string,
  route: RegisteredRoute['route'],
  takesBody: boolean,
): (ctx: Koa.Context) => OpenInput | Promise<OpenInput> {
  const names = [...path.matchAll(/:(\w+)/g)].map(match => match[1] as string)
  const params = route.params ?? z.object(Object.fromEntries(names.map(name => [name, uuid])))
  const hasParams = names.length > 0
  const query = route.query
  const bodySchema = route.body
  const takesJson = bodySchema !== undefined && takesBody
  const readJson = route.gzip ? gzipJsonBody : jsonBody
  const jsonLimit = route.maxBytes ?? DEFAULT_JSON_LIMIT
  const readUpload = route.upload ? uploadBody(route.upload.types, route.maxBytes ?? DEFAULT_UPLOAD_LIMIT) : undefined

  function head(ctx: Koa.Context): {
    params: Readonly<Record<string, string>>
    query: unknown
    ifMatch: number | undefined
  } {
    return {
      params: hasParams ? parse(params, ctx.params, 'params') : noParams,
      query: query ? parse(query, ctx.querystring ? ctx.query : {}, 'query') : refuseQuery(ctx),
      ifMatch: readIfMatch(ctx.req.headers['if-match']),
    }
  }

  if (!takesJson && !readUpload) {
    return ctx => ({ input: { ...head(ctx), body: undefined, upload: noUpload }, upload: undefined })
  }
  return async ctx => {
    const start = head(ctx)
    if (readUpload) {
      const upload = await readUpload(ctx)
      return { input: { ...start, body: undefined, upload: upload.upload }, upload }
    }
    const body = takesJson ? parse(bodySchema, await readJson(ctx, jsonLimit), 'body') : undefined
    return { input: { ...start, body, upload: noUpload }, upload: undefined }
  }
}

/**
 * Parses `value`, or says each fault with its place.
 * @throws Problem `invalid`
 */
export function parse<S extends z.ZodType>(schema: S, value: unknown, place: string): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const errors: Fault[] = result.error.issues
    .slice(0, MOST_FAULTS)
    .flatMap(issue =>
      issue.code === 'unrecognized_keys'
        ? issue.keys
            .slice(0, MOST_FAULTS)
            .map(key => ({ path: [place, ...issue.path, shown(key)].join('.'), message: 'is not known here' }))
        : [{ path: [place, ...issue.path].join('.'), message: issue.message }],
    )
    .slice(0, MOST_FAULTS)
  throw problem('invalid', `${errors[0]?.path}: ${errors[0]?.message}`, { errors })
}

function refuseQuery(ctx: Koa.Context): undefined {
  if (!ctx.querystring) return undefined
  const errors = Object.keys(ctx.query)
    .slice(0, MOST_FAULTS)
    .map(key => ({ path: `query.${shown(key)}`, message: 'is not known here' }))
  throw problem('invalid', 'This path takes no query parameters.', { errors })
}

/** A name that the caller made up, short enough to be sent back. */
const shown = (key: string): string => (key.length > 100 ? `${key.slice(0, 100)}…` : key)

/** `"7"` is revision 7; `*` and no header ask for nothing; anything else matches no revision. */
function readIfMatch(header: string | undefined): number | undefined {
  if (header === undefined || header === '*') return undefined
  const match = /^"(\d{1,15})"$/.exec(header)
  if (!match) throw problem('stale', 'If-Match must be the ETag of the record as it was read.')
  return Number(match[1])
}
