import { utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { newId } from '../../../kernel/contract.ts'
import { openHouse } from './house.ts'

const HOUR_MS = 3_600_000

test('what a crash left is removed after a day, and what a version has or is not ours stays', async t => {
  const house = await openHouse(t)
  const made = await house.publish({ version: '1.0' }, 'content')
  const kept = `${made.body.id}.snap`
  const [old, half, young] = [`${newId()}.snap`, `${newId()}.snap.part`, `${newId()}.snap`]
  const now = house.kernel.clock.now().getTime()
  for (const [name, hours] of [
    [kept, 48],
    [old, 25],
    [half, 25],
    [young, 23],
    ['notes.txt', 48],
  ] as const) {
    const file = path.join(house.folder, name)
    if (name !== kept) await writeFile(file, 'x')
    await utimes(file, new Date(), new Date(now - hours * HOUR_MS))
  }
  const run = await house.kernel.job('snaps', 'sweep', {})
  t.is(run.status, 'succeeded')
  t.deepEqual(run.result, { removed: 2 })
  t.deepEqual(await house.files(), [kept, young, 'notes.txt'].sort())

  house.kernel.clock.advance(2 * HOUR_MS)
  await house.kernel.job('snaps', 'sweep', {})
  t.deepEqual(await house.files(), [kept, 'notes.txt'].sort())
  t.is((await house.ask('/snaps/latest')).status, 200)
})

test('a store that does not answer fails the sweep, and nothing is removed', async t => {
  const house = await openHouse(t, {
    AZURE_STORAGE_CONNECTION_STRING: 'BlobEndpoint=http://127.0.0.1:9/none;SharedAccessSignature=sv=2025-01-05&sig=x',
  })
  const run = await house.kernel.job('snaps', 'sweep', {})
  t.is(run.status, 'failed')
  t.regex(String(run.error), /blob store .* does not answer/)
})
