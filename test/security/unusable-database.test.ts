import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { DatabaseUnusable, openSqlite } from '../../db/dialects/sqlite.ts'

async function folder(t: ExecutionContext): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'monozu-unusable-'))
  t.teardown(() => rm(made, { recursive: true, force: true }))
  return made
}

const broken: Readonly<Record<string, (filename: string) => Promise<unknown>>> = {
  'another kind of file': filename => writeFile(filename, 'name,type\nline 1,plc\n'.repeat(500)),
  'a folder': filename => mkdir(filename),
}

for (const [what, put] of Object.entries(broken)) {
  test(`${what} in the place of the database is named, and left alone`, async t => {
    const filename = path.join(await folder(t), 'monozu.db')
    await put(filename)
    const error = await t.throwsAsync(openSqlite({ filename }), { instanceOf: DatabaseUnusable })
    t.true(error?.message.startsWith(`${filename} cannot be used as a database`))
    await t.throwsAsync(openSqlite({ filename }), { name: 'DatabaseUnusable' }, 'the lock was given back')
  })
}
