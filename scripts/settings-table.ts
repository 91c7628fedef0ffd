import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SettingSchemas } from '../config/parse-settings.ts'
import { kernelSettings } from '../config/schema.ts'
import { type SettingRow, settingRows } from '../config/setting-rows.ts'

const opening = '<!-- settings -->'
const closing = '<!-- /settings -->'

/**
 * A text with the table of settings between its markers renewed.
 * @param schemas by owner, the kernel first; each owner gets a part of the table
 * @throws {Error} when the markers are missing
 */
export function withSettingsTable(text: string, schemas: SettingSchemas): string {
  const start = text.indexOf(opening)
  const end = text.indexOf(closing)
  if (start === -1 || end < start) throw new Error(`no ${opening} … ${closing} in the text`)
  return `${text.slice(0, start + opening.length)}\n${settingsTable(schemas)}\n${text.slice(end)}`
}

/** The settings of all owners as Markdown tables. */
export function settingsTable(schemas: SettingSchemas): string {
  const rows = settingRows(schemas)
  const owners = Object.keys(schemas).filter(owner => rows.some(row => row.owner === owner))
  return owners
    .map(owner =>
      ownerTable(
        owner,
        rows.filter(row => row.owner === owner),
      ),
    )
    .join('\n\n')
}

const ownerTable = (owner: string, rows: readonly SettingRow[]): string =>
  [
    ...(owner === 'kernel' ? [] : [`Plugin \`${owner}\`:`, '']),
    '| Name | Meaning | Value | Default | In production |',
    '|---|---|---|---|---|',
    ...rows.map(row => {
      const cells = [
        `\`${row.name}\``,
        row.description,
        row.expected + (row.secret ? ' (secret)' : ''),
        row.fallback,
        row.required ? 'required' : '',
      ]
      return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
    }),
  ].join('\n')

/** `node scripts/settings-table.ts` renews the README; with `--check` it only fails when the README is behind. */
async function main(): Promise<void> {
  const { bundledSettings } = await import('../kernel/plugins/bundled-settings.ts')
  const root = join(import.meta.dirname, '..')
  const readme = join(root, 'README.md')
  const before = readFileSync(readme, 'utf8')
  const after = withSettingsTable(before, { kernel: kernelSettings, ...(await bundledSettings()) })
  if (before === after) return
  if (process.argv.includes('--check')) {
    process.stderr.write('README.md: the table of settings is behind; run node scripts/settings-table.ts\n')
    process.exitCode = 1
  } else writeFileSync(readme, after)
}

if (import.meta.main) await main()
