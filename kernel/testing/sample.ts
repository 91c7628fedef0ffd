import { z } from 'zod'
import { newId } from '../data/id.ts'

type Json = Readonly<Record<string, unknown>>

/** Gives an id for a field, by the field's name: `site_id`, `user_ids`. Undefined: any id. */
export type IdFor = (field: string) => string | undefined

const ROUNDS = 30
/** Texts that fit what schemas of this product ask for; tried one after the other. */
const texts = [
  'sample',
  'Sample text of some length 42',
  'security',
  'CVE-2021-44228',
  'cpe:2.3:a:apache:log4j:2.14.1:*:*:*:*:*:*:*',
  '192.0.2.1',
  '00:1b:44:11:3a:b7',
  'sample@example.com',
  '2026-01-02T03:04:05Z',
  '2026-01-02',
  'https://example.com',
]

/** True for the name of a field that holds the id of a record, or several. */
export const namesAnId = (field: string): boolean => /(^|_)ids?$/.test(field)

/**
 * A value that satisfies a schema, with every id field that it has; undefined when none was found.
 * For tests that want to get past the validation of a route.
 */
export function sampleOf(schema: z.ZodType, idFor: IdFor = () => undefined): unknown {
  const { $defs = {}, ...root } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json
  const value = sampleOfJson(root, '', $defs as Json, idFor)
  const next = new Map<string, number>()
  for (let round = 0; round < ROUNDS; round++) {
    const result = schema.safeParse(value)
    if (result.success) return value
    if (typeof value !== 'object' || value === null) return undefined
    for (const { path } of result.error.issues) repair(value, path, next, requiredOf(root))
  }
  return undefined
}

const requiredOf = (schema: Json): readonly unknown[] => (Array.isArray(schema.required) ? schema.required : [])

/** Takes out what need not be there; tries the next text where something must be. */
function repair(
  value: object,
  path: readonly PropertyKey[],
  next: Map<string, number>,
  required: readonly unknown[],
): void {
  const [first] = path
  if (first === undefined) return
  if (!required.includes(first)) {
    Reflect.deleteProperty(value, first)
    return
  }
  const tries = next.get(String(first)) ?? 0
  next.set(String(first), tries + 1)
  const text = texts[tries % texts.length]
  Reflect.set(value, first, Array.isArray(Reflect.get(value, first)) ? [text] : text)
}

function sampleOfJson(schema: Json, field: string, defs: Json, idFor: IdFor): unknown {
  if (typeof schema.$ref === 'string') {
    return sampleOfJson((defs[schema.$ref.replace('#/$defs/', '')] ?? {}) as Json, field, defs, idFor)
  }
  if ('const' in schema) return schema.const
  if (Array.isArray(schema.enum)) return schema.enum[0]
  const options = (schema.anyOf ?? schema.oneOf) as readonly Json[] | undefined
  if (options) {
    const option = options.find(({ type }) => type !== 'null') ?? {}
    return sampleOfJson(option, field, defs, idFor)
  }
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries((schema.properties ?? {}) as Record<string, Json>).map(([name, property]) => [
          name,
          sampleOfJson(property, name, defs, idFor),
        ]),
      )
    case 'array':
      return [sampleOfJson((schema.items ?? {}) as Json, field, defs, idFor)]
    case 'integer':
    case 'number':
      return Math.max(Number(schema.minimum ?? 1), 1)
    case 'boolean':
      return true
    default:
      return namesAnId(field) ? (idFor(field) ?? newId()) : textFor(schema)
  }
}

function textFor({ format, pattern, minLength = 0 }: Json): string {
  if (format === 'uuid') return newId()
  const fitting = texts.find(
    text => text.length >= Number(minLength) && (typeof pattern !== 'string' || new RegExp(pattern, 'u').test(text)),
  )
  return fitting ?? 'sample'.padEnd(Number(minLength), 'x')
}
