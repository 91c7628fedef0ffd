import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { errorCodes } from '../errors.ts'
import type { Catalogue } from '../plugins/catalogue.ts'
import type { RegisteredRoute } from '../plugins/registrations.ts'

type Json = Record<string, unknown>

const problemSchema: Json = {
  type: 'object',
  description: 'RFC 9457 problem details; `error` is stable.',
  required: ['type', 'title', 'status', 'detail', 'instance', 'error', 'trace_id'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string' },
    error: { type: 'string', enum: Object.keys(errorCodes) },
    trace_id: { type: 'string' },
    errors: {
      type: 'array',
      items: { type: 'object', properties: { path: { type: 'string' }, message: { type: 'string' } } },
    },
  },
}

/** OpenAPI 3.1 of the running plugins, from the schemas that validate. */
export function openApi(catalogue: Catalogue, version: string): Json {
  const paths: Record<string, Json> = {}
  const tags: Json[] = []
  const schemas: Json = { Problem: problemSchema }
  const guests: Record<string, Json> = {}
  for (const { plugin, mount } of catalogue.hosts) {
    if (!mount || mount.routes.length === 0) continue
    tags.push({ name: plugin.name, description: plugin.title })
    for (const registered of mount.routes) {
      if (registered.kind === 'guest') {
        const { id, header } = registered.route.guests
        guests[id] = { type: 'apiKey', in: 'header', name: header }
      }
      const path = registered.path.replace(/:(\w+)/g, '{$1}')
      paths[path] = {
        ...paths[path],
        [registered.method.toLowerCase()]: hoist(
          operation(plugin.name, plugin.feature, registered),
          plugin.name,
          schemas,
        ),
      }
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Monozu Cloud API',
      version,
      description:
        'Errors are `application/problem+json` with a stable `error` code. Lists take `limit`, `cursor`, `sort` and ' +
        '`count`. Most POSTs honour `Idempotency-Key`, writes to single records honour `If-Match`.',
    },
    tags,
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        internalToken: { type: 'apiKey', in: 'header', name: 'X-Internal-Token' },
        signature: { type: 'apiKey', in: 'header', name: 'X-Hmac-Signature' },
        ...guests,
      },
    },
  }
}

function operation(tag: string, feature: string | undefined, registered: RegisteredRoute): Json {
  const { route, path, method } = registered
  const status = route.status ?? (route.returns || route.produces ? 200 : 204)
  const notes = [
    route.description,
    registered.kind === 'tenant' && registered.route.permission !== 'signed-in'
      ? `Permission: \`${registered.route.permission}\`.`
      : undefined,
    feature ? `Feature: \`${feature}\`.` : undefined,
  ].filter(note => note !== undefined)
  return {
    tags: [tag],
    operationId: operationId(method, path),
    summary: route.summary,
    ...(notes.length ? { description: notes.join('\n\n') } : {}),
    ...(route.deprecated ? { deprecated: true } : {}),
    security: security(registered),
    parameters: [...pathParameters(registered), ...queryParameters(route.query)],
    ...requestBody(registered),
    responses: {
      [status]: {
        description: 'Done.',
        ...(route.returns ? { content: { 'application/json': { schema: schemaOf(route.returns, 'input') } } } : {}),
        ...(route.produces ? { content: { [route.produces]: { schema: { type: 'string' } } } } : {}),
      },
      default: {
        description: 'A problem.',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  }
}

function security(registered: RegisteredRoute): Json[] {
  switch (registered.kind) {
    case 'tenant':
      return [{ bearer: [] }]
    case 'guest':
      return [{ [registered.route.guests.id]: [] }]
    case 'platform':
      return {
        public: [],
        'internal-token': [{ internalToken: [] }],
        signature: [{ signature: [] }],
        'platform-admin': [{ bearer: [] }],
      }[registered.route.access]
  }
}

/** `GET /api/v1/assets/:id` is `getAssetsById`, `POST /v1/ingest` is `postV1Ingest`. */
const operationId = (method: string, path: string): string =>
  [
    method.toLowerCase(),
    ...path
      .replace(/^\/api\/v1(?=\/)/, '')
      .split('/')
      .filter(part => part),
  ]
    .map(part => part.replace(':', 'by-'))
    .join('-')
    .replace(/[-_](\w)/g, (_match, letter: string) => letter.toUpperCase())

function pathParameters({ path, route }: RegisteredRoute): Json[] {
  const shape = route.params ? (schemaOf(route.params, 'input').properties as Json | undefined) : undefined
  return [...path.matchAll(/:(\w+)/g)].map(match => ({
    name: match[1],
    in: 'path',
    required: true,
    schema: shape?.[match[1] as string] ?? { type: 'string', format: 'uuid' },
  }))
}

function queryParameters(query: z.ZodType | undefined): Json[] {
  if (!query) return []
  const { properties = {}, required = [] } = schemaOf(query, 'input') as { properties?: Json; required?: string[] }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name) && (schema as Json).default === undefined,
    schema,
  }))
}

function requestBody({ route }: RegisteredRoute): Json {
  if (route.upload) {
    const file = { schema: { type: 'string', format: 'binary' } }
    const form = { schema: { type: 'object', properties: { file: { type: 'string', format: 'binary' } } } }
    const content = route.upload.types.map(type => [type, type === 'multipart/form-data' ? form : file])
    return { requestBody: { required: true, content: Object.fromEntries(content) } }
  }
  if (!route.body) return {}
  return {
    requestBody: {
      ...(route.gzip ? { description: 'Also taken with `Content-Encoding: gzip`.' } : {}),
      required: true,
      content: { 'application/json': { schema: schemaOf(route.body, 'input') } },
    },
  }
}

/** The JSON schema of a zod schema; names of shared ones stand in its `$defs`. */
export function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
  }) as Json
  return json
}

/**
 * A copy whose named schemas (zod puts them into `$defs` of the schema that uses them) stand in `schemas`, where the
 * references of a whole document can find them. Two plugins may use one name for different things.
 */
export function hoist(node: unknown, plugin: string, schemas: Json): unknown {
  if (Array.isArray(node)) return node.map(item => hoist(item, plugin, schemas))
  if (typeof node !== 'object' || node === null) return node
  const { $defs = {}, ...rest } = node as { readonly $defs?: Json }
  const names = new Map<string, string>()
  for (const [name, definition] of Object.entries($defs)) {
    const taken = schemas[name] !== undefined && !isDeepStrictEqual(schemas[name], relink(definition, names))
    names.set(name, taken ? `${plugin}.${name}` : name)
  }
  for (const [name, definition] of Object.entries($defs)) schemas[names.get(name) ?? name] = relink(definition, names)
  const linked = names.size > 0 ? (relink(rest, names) as Json) : rest
  return Object.fromEntries(Object.entries(linked).map(([key, value]) => [key, hoist(value, plugin, schemas)]))
}

/** A copy whose references to `$defs` point to where the definitions stand now. */
function relink(node: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(node)) return node.map(item => relink(item, names))
  if (typeof node !== 'object' || node === null) return node
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => {
      if (key !== '$ref' || typeof value !== 'string') return [key, relink(value, names)]
      const name = value.replace('#/$defs/', '')
      return [key, value.startsWith('#/$defs/') ? `#/components/schemas/${names.get(name) ?? name}` : value]
    }),
  )
}
