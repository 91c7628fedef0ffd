import test from 'ava'
import { helpText } from '../../config/command-line.ts'
import { kernelSettings } from '../../config/schema.ts'
import { settingRows } from '../../config/setting-rows.ts'
import { laterSettings } from '../../config/unread-settings.ts'

const rows = settingRows({ kernel: kernelSettings })

test('every setting has a sentence and says what a good value is', t => {
  for (const row of rows) {
    t.regex(row.description, /^.{10,}\.$/, row.name)
    t.not(row.expected, '', row.name)
  }
})

test('whatever looks like a secret is marked as one', t => {
  const looks = rows.filter(row => /SECRET|TOKEN$|PASSWORD|_KEY$|DATABASE_URL/.test(row.name))
  t.true(looks.length >= 5)
  for (const row of looks) t.true(row.secret, row.name)
})

test('defaults stand in the rows as they would be typed', t => {
  const fallback = Object.fromEntries(rows.map(row => [row.name, row.fallback]))
  t.is(fallback.PORT, '`8000`')
  t.is(fallback.ALLOW_CREDENTIALS, '`on`')
  t.is(fallback.PLUGINS_DISABLED, 'none')
  t.is(fallback.SECRET_KEY, 'made at the first start')
})

test('no setting is both read and said to be unread', t => {
  const read = new Set(rows.map(row => row.name))
  t.deepEqual(
    laterSettings.filter(name => read.has(name)),
    [],
  )
})

test('--help names every option and every setting', t => {
  const help = helpText()
  for (const option of ['--role', '--port', '--data-dir', '--no-demo', '--version', '--help'])
    t.true(help.includes(option))
  for (const row of rows) t.true(help.includes(`  ${row.name}\n`), row.name)
})
