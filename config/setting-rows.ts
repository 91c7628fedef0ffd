import type { SettingSchemas } from './parse-settings.ts'
import { settingDefault, settingMeta } from './setting.ts'

export type { SettingSchemas }

/** One setting as documentation shows it. Text is Markdown. */
export interface SettingRow {
  readonly owner: string
  readonly name: string
  readonly description: string
  /** A good value: `a number from 0 to 65535`. */
  readonly expected: string
  readonly fallback: string
  /** NODE_ENV=production is refused without it. */
  readonly required: boolean
  readonly secret: boolean
}

/** Every setting of every owner, in the order they are declared. */
export function settingRows(schemas: SettingSchemas): SettingRow[] {
  return Object.entries(schemas).flatMap(([owner, schema]) =>
    Object.entries(schema.shape).map(([name, setting]) => {
      const meta = settingMeta(setting)
      return {
        owner,
        name,
        description: meta.description ?? '',
        expected: meta.expected ?? 'text',
        fallback:
          meta.fallback ??
          (meta.generated === true ? 'made at the first start' : shownDefault(settingDefault(setting))),
        required: meta.production === 'required',
        secret: meta.secret === true,
      }
    }),
  )
}

const shownDefault = (value: unknown): string => {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return 'none'
  if (typeof value === 'boolean') return value ? '`on`' : '`off`'
  return `\`${Array.isArray(value) ? value.join(',') : String(value)}\``
}
