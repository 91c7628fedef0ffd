import test from 'ava'
import { z } from 'zod'
import { integer, text } from '../../config/setting.ts'
import { settingsTable, withSettingsTable } from '../../scripts/settings-table.ts'

const kernel = z.object({ PORT: integer(0, 65535, 'Port to listen on.').default(8000) })
const feed = z.object({
  FEED_KEY: text('Key of the feed | or none.', { secret: true, production: 'required' }).optional(),
  FEED_PLAIN: z.string().default('x').meta({ description: 'Declared with zod alone.' }),
})

test('the table has a row for each setting, plugins under their names', t => {
  t.is(
    settingsTable({ kernel, feed, empty: z.object({}) }),
    `| Name | Meaning | Value | Default | In production |
|---|---|---|---|---|
| \`PORT\` | Port to listen on. | a number from 0 to 65535 | \`8000\` |  |

Plugin \`feed\`:

| Name | Meaning | Value | Default | In production |
|---|---|---|---|---|
| \`FEED_KEY\` | Key of the feed \\| or none. | text (secret) | none | required |
| \`FEED_PLAIN\` | Declared with zod alone. | text | \`x\` |  |`,
  )
})

test('only what is between the markers changes, and doing it again changes nothing', t => {
  const once = withSettingsTable('before <!-- settings -->old<!-- /settings --> after', { kernel })
  t.true(once.startsWith('before <!-- settings -->\n| Name'))
  t.true(once.endsWith('\n<!-- /settings --> after'))
  t.false(once.includes('old'))
  t.is(withSettingsTable(once, { kernel }), once)
})

test('a text without markers is refused', t => {
  t.throws(() => withSettingsTable('no markers', { kernel }), { message: /<!-- settings -->/ })
})
