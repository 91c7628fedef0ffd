import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'ava'
import { findMigrations } from '../migration-files.ts'

function folderWith(...names: string[]): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'migrations-'))
  for (const name of names) writeFileSync(path.join(folder, name), 'export default { up() {} }\n')
  return folder
}

test('versions are in the order of numbers, and the file name says the rest', async t => {
  const folder = folderWith('V10__second_step.ts', 'V9__first.ts')
  const found = findMigrations(folder)
  t.deepEqual(
    found.map(({ version, description, script }) => ({ version, description, script })),
    [
      { version: 9, description: 'first', script: 'V9__first.sql' },
      { version: 10, description: 'second step', script: 'V10__second_step.sql' },
    ],
  )
  t.is(typeof (await found[0]?.load())?.up, 'function')
  rmSync(folder, { recursive: true })
})

test('a folder that does not exist has no migrations', t => {
  t.deepEqual(findMigrations(path.join(tmpdir(), 'no-such-folder')), [])
})

test('a file with another name is refused', t => {
  const folder = folderWith('0001-first.ts')
  t.throws(() => findMigrations(folder), { message: /0001-first\.ts: a migration is named V<version>__/ })
  rmSync(folder, { recursive: true })
})

test('one version twice is refused', t => {
  const folder = folderWith('V2__a.ts', 'V2__b.ts')
  t.throws(() => findMigrations(folder), { message: /V2__a\.sql and V2__b\.sql have the same version/ })
  rmSync(folder, { recursive: true })
})
