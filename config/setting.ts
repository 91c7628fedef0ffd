import { z } from 'zod'

/** What a setting says about itself, given with zod's `.meta()`; the table in the README is made of it. */
export interface SettingMeta {
  /** One sentence for the table. */
  readonly description: string
  /** What a good value is, as the end of "expected …": `a number from 0 to 65535`. */
  readonly expected?: string
  /** Its value is never printed. */
  readonly secret?: boolean
  /**
   * `required`: a start with NODE_ENV=production is refused without it. `real`: it may be left out, but not be short or a
   * development value.
   */
  readonly production?: 'required' | 'real'
  /** Outside production a missing value is made once and kept in DATA_DIR. */
  readonly generated?: boolean
  /** The default in words, where it depends on something. */
  readonly fallback?: string
}

type Extra = Partial<SettingMeta>

/** Free text, surrounding spaces dropped. */
export const text = (description: string, extra: Extra = {}) =>
  z
    .string()
    .trim()
    .min(1)
    .meta({ description, expected: 'text', ...extra })

/** A whole number in decimal digits, bounds included. */
export const integer = (from: number, to: number, description: string, extra: Extra = {}) =>
  z
    .preprocess(
      value => (typeof value === 'string' && /^\s*-?\d{1,15}\s*$/.test(value) ? Number(value) : value),
      z.int().min(from).max(to),
    )
    .meta({ description, expected: `a number from ${from} to ${to}`, ...extra })

/** A decimal number from 0 to 1, bounds included. */
export const fraction = (description: string, extra: Extra = {}) =>
  z
    .preprocess(
      value => (typeof value === 'string' && /^\s*\d(\.\d{1,9})?\s*$/.test(value) ? Number(value) : value),
      z.number().min(0).max(1),
    )
    .meta({ description, expected: 'a number from 0 to 1', ...extra })

const flagWords: Readonly<Record<string, boolean>> = {
  true: true,
  1: true,
  on: true,
  yes: true,
  false: false,
  0: false,
  off: false,
  no: false,
}

/** A switch: true, 1, on, yes; false, 0, off, no; in any case. */
export const flag = (description: string, extra: Extra = {}) =>
  z
    .preprocess(
      value => (typeof value === 'string' ? (flagWords[value.trim().toLowerCase()] ?? value) : value),
      z.boolean(),
    )
    .meta({ description, expected: 'on or off', ...extra })

/** One of a few words, in any case. */
export const choice = <const Words extends readonly [string, ...string[]]>(
  words: Words,
  description: string,
  extra: Extra = {},
) =>
  z
    .preprocess(value => (typeof value === 'string' ? value.trim().toLowerCase() : value), z.enum(words))
    .meta({ description, expected: `one of ${words.join(', ')}`, ...extra })

/** Words separated by commas; spaces around them and empty ones are dropped. */
export const list = (description: string, extra: Extra = {}) =>
  z
    .preprocess(
      value =>
        typeof value === 'string'
          ? value
              .split(',')
              .map(word => word.trim())
              .filter(Boolean)
          : value,
      z.array(z.string()),
    )
    .meta({ description, expected: 'a comma-separated list', ...extra })

/** Reads a setting's meta through defaults, optionals and refinements; a plain zod schema has only its description. */
export function settingMeta(schema: z.core.$ZodType): Partial<SettingMeta> {
  const { innerType, in: input } = schema._zod.def as { innerType?: z.core.$ZodType; in?: z.core.$ZodType }
  const inner = innerType ?? input
  return {
    ...(inner === undefined ? {} : settingMeta(inner)),
    ...(z.globalRegistry.get(schema) as Partial<SettingMeta>),
  }
}

/** The default value of a setting, undefined when it has none. */
export function settingDefault(schema: z.core.$ZodType): unknown {
  const def = schema._zod.def as { type: string; defaultValue?: unknown; innerType?: z.core.$ZodType }
  if (def.type === 'default' || def.type === 'prefault') return def.defaultValue
  return def.innerType === undefined ? undefined : settingDefault(def.innerType)
}
