import { mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import test, { type ExecutionContext } from 'ava'
import { newId, Problem } from '../../../kernel/contract.ts'
import { keyOf } from '../stores/blob-store.ts'
import { LocalStore } from '../stores/local-store.ts'

async function folderOf(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'monozu-store-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function* pieces(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text)
}

const codeOf = async (work: Promise<unknown>): Promise<string | undefined> => {
  const error = await work.then(
    () => undefined,
    thrown => thrown,
  )
  return error instanceof Problem ? error.code : String(error)
}

test('a blob is kept, read in whole and in part, listed and removed', async t => {
  const folder = path.join(await folderOf(t), 'made', 'when', 'needed')
  const store = new LocalStore(folder)
  const key = keyOf(newId())
  t.deepEqual(await Array.fromAsync(store.list()), [])
  t.is(await store.size(key), undefined)
  await store.put(key, pieces('0123', '456', '789'))
  t.is(await store.size(key), 10)
  t.is((await stat(path.join(folder, key))).mode & 0o777, 0o600)
  t.is((await buffer(store.open(key))).toString(), '0123456789')
  t.is((await buffer(store.open(key, { start: 3, end: 7 }))).toString(), '34567')
  t.is(await store.link(), undefined)
  await writeFile(path.join(folder, 'notes.txt'), 'not ours')
  t.deepEqual(
    (await Array.fromAsync(store.list())).map(blob => blob.key),
    [key],
  )
  await store.delete(key)
  await store.delete(key)
  t.deepEqual(await readdir(folder), ['notes.txt'])
})

test('until it is whole a blob has another name, and a fault leaves nothing', async t => {
  const folder = await folderOf(t)
  const store = new LocalStore(folder)
  const key = keyOf(newId())
  const fault = new Problem('malformed', 'cut off')
  async function* cut(): AsyncGenerator<Buffer> {
    yield Buffer.from('half')
    t.deepEqual(await readdir(folder), [`${key}.part`])
    throw fault
  }
  t.is(await codeOf(store.put(key, cut())), 'malformed')
  t.deepEqual(await readdir(folder), [])
})

test('a folder that cannot be used is a problem with the name of its setting', async t => {
  const folder = await folderOf(t)
  await writeFile(path.join(folder, 'file'), '')
  await symlink(path.join(folder, 'loop'), path.join(folder, 'loop'))
  for (const place of [path.join(folder, 'file'), path.join(folder, 'file', 'below'), path.join(folder, 'loop', 'x')]) {
    const store = new LocalStore(place)
    await t.throwsAsync(store.check(), { instanceOf: Problem, message: /SNAP_BLOB_LOCAL_ROOT/ }, place)
    t.is(await codeOf(store.put(keyOf(newId()), pieces('x'))), 'blob_store_unavailable', place)
  }
  t.regex(String(await codeOf(new LocalStore('/proc/nobody/may').check())), /^blob_store_/)
})
