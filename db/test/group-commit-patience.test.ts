import test from 'ava'
import { groupCommit } from '../dialects/group-commit.ts'
import { groupedWrites, insert } from './grouped-writes.ts'

test('a write that waits for a write inside itself is told so, and holds up nobody after it', async t => {
  const { writer, stored } = groupedWrites()
  const run = groupCommit(writer, undefined, 50)
  const write = (name: string) => run(async connection => insert(connection, name), { short: true })
  const within = run(
    async connection => {
      insert(connection, 'outer')
      await write('inner')
    },
    { short: true },
  )
  await t.throwsAsync(within, { message: 'the transaction before this one has not ended within 50 ms' })
  t.deepEqual(stored(), [])
  await write('next')
  t.deepEqual(stored(), ['next'])
})
