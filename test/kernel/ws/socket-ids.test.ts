import test from 'ava'
import { newId } from '../../../kernel/data/id.ts'
import { SocketIds } from '../../../kernel/ws/socket-ids.ts'

test('ids rise, also above what an instance with a clock that is ahead has made', t => {
  const ids = new SocketIds()
  const first = ids.next()
  const ahead = newIdAt(Date.now() + 60_000)
  ids.heard(ahead)
  const [second, third] = [ids.next(), ids.next()]
  t.deepEqual([first, ahead, second, third].sort(), [first, ahead, second, third])
  t.regex(second, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('a clock that is days ahead is not followed, and one that is behind changes nothing', t => {
  const ids = new SocketIds()
  ids.heard('ffffffff-ffff-7000-8000-000000000000')
  ids.heard(newIdAt(Date.now() - 60_000))
  const id = ids.next()
  t.true(id < newIdAt(Date.now() + 60_000))
  t.true(id > newIdAt(Date.now() - 60_000))
})

/** An id as another process would make it at this time. */
function newIdAt(time: number): string {
  const ms = time.toString(16).padStart(12, '0')
  return `${ms.slice(0, 8)}-${ms.slice(8)}${newId().slice(13)}`
}
