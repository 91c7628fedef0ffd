import test from 'ava'
import { AnnouncementQueue } from '../../../kernel/backplane/announcement-queue.ts'

/** Takes whatever may be under way. */
function takeAll(queue: AnnouncementQueue, most = 100): string[] {
  const texts: string[] = []
  for (let next = queue.take(most); next; next = queue.take(most)) texts.push(next.text)
  return texts
}

test('messages are taken once, in order, and so many at a time', t => {
  const queue = new AnnouncementQueue({ messages: 10, size: 1_000 })
  for (const text of 'abcde') queue.push(text)
  t.deepEqual(takeAll(queue, 3), ['a', 'b', 'c'])
  queue.arrived(1)
  t.deepEqual(takeAll(queue, 3), ['d', 'e'])
  queue.arrived(4)
  t.is(queue.length, 0)
  queue.push('f')
  t.deepEqual(takeAll(queue, 3), ['f'])
})

test('what was under way when a connection broke is taken again', t => {
  const queue = new AnnouncementQueue({ messages: 10, size: 1_000 })
  for (const text of 'abcd') queue.push(text)
  takeAll(queue)
  queue.arrived(0)
  queue.rewind()
  t.deepEqual(takeAll(queue), ['b', 'c', 'd'])
})

for (const [what, limits] of [
  ['number', { messages: 3, size: 1_000 }],
  ['size', { messages: 1_000, size: 3 }],
] as const) {
  test(`the oldest are dropped and counted above a limit of ${what}, also those under way`, t => {
    const queue = new AnnouncementQueue(limits)
    for (const text of 'ab') queue.push(text)
    takeAll(queue)
    for (const text of 'cdefg') queue.push(text)
    t.is(queue.length, 3)
    t.is(queue.dropped, 4)
    t.deepEqual(takeAll(queue), ['e', 'f', 'g'])
    queue.arrived(1)
    t.is(queue.length, 3)
    queue.rewind()
    t.deepEqual(takeAll(queue), ['e', 'f', 'g'])
  })
}

test('a message larger than all that may wait is kept until the next one comes', t => {
  const queue = new AnnouncementQueue({ messages: 10, size: 3 })
  queue.push('abcdef')
  t.deepEqual(takeAll(queue), ['abcdef'])
  queue.push('g')
  t.deepEqual([queue.length, queue.dropped], [1, 1])
})
