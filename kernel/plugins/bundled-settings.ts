import type { SettingSchemas } from '../../config/setting-rows.ts'
import { BUNDLED_PLUGINS } from './bundled.ts'
import { discover } from './discover.ts'

/** Schemas of the settings that the bundled plugins read, by plugin: for `--help` and the README. */
export async function bundledSettings(): Promise<SettingSchemas> {
  const { found } = await discover([BUNDLED_PLUGINS], [])
  return Object.fromEntries(found.flatMap(({ plugin }) => (plugin.config ? [[plugin.name, plugin.config]] : [])))
}
