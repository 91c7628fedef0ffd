import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { errorCodes, Problem, problem } from '../kernel/errors.ts'
import { errorsTable, withErrorsTable } from '../scripts/errors-table.ts'

const root = path.join(import.meta.dirname, '..')
const page = readFileSync(path.join(root, 'docs', 'errors.md'), 'utf8')
const codes = Object.keys(errorCodes)

test('the page of errors is what the table of codes says', t => {
  t.is(withErrorsTable(page), page, 'run node scripts/errors-table.ts')
  const script = path.join(root, 'scripts', 'errors-table.ts')
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  t.is(status, 0, stderr)
})

test('every code has a row that its problems point to, and advice', t => {
  const [before = '', after = ''] = page.split('<!-- /errors -->')
  for (const code of codes) {
    t.true(before.includes(`<a id="${code}"></a>`), code)
    t.true(after.includes(`\`${code}\``), `docs/errors.md does not say what to do about ${code}`)
  }
})

test('only what is between the markers changes; a text without them is refused', t => {
  t.is(
    withErrorsTable('a <!-- errors -->old<!-- /errors --> b'),
    `a <!-- errors -->\n${errorsTable()}\n<!-- /errors --> b`,
  )
  t.throws(() => withErrorsTable('no markers'), { message: /<!-- errors -->/ })
})

test('every code is used somewhere', t => {
  const source = ['kernel', 'plugins'].flatMap(folder =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter(file => file.endsWith('.ts') && !file.includes('test/') && file !== 'errors.ts')
      .map(file => readFileSync(path.join(root, folder, file), 'utf8')),
  )
  const unused = codes.filter(code => !source.some(text => text.includes(`'${code}'`)))
  t.deepEqual(unused, [])
})

test('a code, its status and its title are well formed', t => {
  for (const [code, [status, title]] of Object.entries(errorCodes)) {
    t.regex(code, /^[a-z]+(_[a-z]+)*$/)
    t.true(status >= 400 && status < 600)
    t.regex(title, /^[A-Z].*[^.]$/)
  }
})

test('a problem has the status of its code, and its title where nothing else is said', t => {
  const plain = problem('conflict')
  t.true(plain instanceof Problem && plain instanceof Error)
  t.like(plain, { code: 'conflict', status: 409, message: 'Conflicts with what is stored', errors: undefined })
  const cause = new Error('why')
  const full = problem('invalid', 'Not so.', { errors: [{ path: 'body.a', message: 'b' }], headers: { X: 'y' }, cause })
  t.like(full, { status: 422, message: 'Not so.', errors: [{ path: 'body.a', message: 'b' }], headers: { X: 'y' } })
  t.is(full.cause, cause)
})
