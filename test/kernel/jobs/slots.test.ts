import test from 'ava'
import { Slots } from '../../../kernel/jobs/slots.ts'

test('whoever finds all slots taken waits for one, under the same key only', async t => {
  const slots = new Slots()
  const order: string[] = []
  const take = (name: string, key: string): Promise<void> => slots.take(key, 2).then(() => void order.push(name))
  await Promise.all([take('one', 'a'), take('two', 'a')])
  const waiting = [take('three', 'a'), take('four', 'a')]
  await take('other', 'b')
  t.deepEqual(order, ['one', 'two', 'other'])
  slots.free('a')
  await Promise.race(waiting)
  t.is(order.length, 4)
  slots.free('a')
  await Promise.all(waiting)
  t.deepEqual(order.slice(3).sort(), ['four', 'three'])
})
