import { isDeepStrictEqual } from 'node:util'
import { redactText } from '../log/redact.ts'
import { isSecretField } from './secret-fields.ts'

/** Most characters of `before` and of `after`, in JSON. */
export const LARGEST_SIDE = 16_384
/** A field that is longer gives way when a side is too large. */
const LONG_FIELD = 1024

/** What a record was and what it became, as JSON; null where there is nothing to show. */
export interface Changes {
  readonly before: string | null
  readonly after: string | null
}

/**
 * Reduces a change to the fields that differ. A side that is missing (something was created or deleted) leaves the
 * other one whole. Fields whose names say that they hold a secret are left out at any depth; what is too large is cut
 * and then says so with `_truncated: true`.
 */
export function changesOf(before: unknown, after: unknown): Changes {
  const was = clean(before)
  const is = clean(after)
  if (isDeepStrictEqual(was, is)) return { before: null, after: null }
  if (!isRecord(was) || !isRecord(is)) return { before: bounded(was), after: bounded(is) }
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])]
  const changed = names.filter(name => !changesAlways.has(name) && !isDeepStrictEqual(was[name], is[name]))
  if (changed.length === 0) return { before: null, after: null }
  return { before: bounded(only(was, changed)), after: bounded(only(is, changed)) }
}

/** Fields that every write changes: they say nothing. */
const changesAlways = new Set(['revision', 'updated_at'])

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const only = (record: Record<string, unknown>, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(names.filter(name => name in record).map(name => [name, record[name]]))

/** A JSON copy without secrets. */
function clean(value: unknown): unknown {
  if (value === undefined || value === null) return undefined
  try {
    return JSON.parse(JSON.stringify(value, withoutSecrets))
  } catch {
    return '[cannot be shown as JSON]'
  }
}

function withoutSecrets(name: string, value: unknown): unknown {
  if (name !== '' && typeof value !== 'boolean' && isSecretField(name)) return undefined
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'bigint') return value.toString()
  if (isRecord(value) && value.type === 'Buffer' && Array.isArray(value.data)) return `[${value.data.length} bytes]`
  return value
}

function bounded(value: unknown): string | null {
  if (value === undefined) return null
  const json = JSON.stringify(value)
  if (json.length <= LARGEST_SIDE) return json
  if (!isRecord(value)) return JSON.stringify({ _truncated: true, characters: json.length })
  const kept: Record<string, unknown> = {}
  let room = LARGEST_SIDE - '{"_truncated":true}'.length
  for (const [name, field] of Object.entries(value)) {
    const short = shortened(field)
    room -= JSON.stringify(name).length + JSON.stringify(short).length + 2
    if (room < 0) break
    kept[name] = short
  }
  return JSON.stringify({ ...kept, _truncated: true })
}

function shortened(field: unknown): unknown {
  const { length } = JSON.stringify(field)
  return length <= LONG_FIELD ? field : `[${length} characters]`
}
