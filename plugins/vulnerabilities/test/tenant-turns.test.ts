import test from 'ava'
import { TenantTurns } from '../jobs/tenant-turns.ts'

test('one runs, one waits, the others go', async t => {
  const turns = new TenantTurns()
  const first = Promise.withResolvers<string>()
  const order: string[] = []
  const running = turns.take('a', () => first.promise)
  const waiting = turns.take('a', async () => order.push('second'))
  t.is(await turns.take('a', async () => order.push('third')), undefined)
  t.is(await turns.take('b', async () => 'other'), 'other')
  t.deepEqual(order, [])
  first.resolve('first')
  t.is(await running, 'first')
  await waiting
  t.deepEqual(order, ['second'])
  t.is(await turns.take('a', async () => 'later'), 'later')
})

test('a run that fails does not keep the next one from its turn', async t => {
  const turns = new TenantTurns()
  const first = Promise.withResolvers<void>()
  const running = turns.take('a', () => first.promise)
  const waiting = turns.take('a', async () => 'second')
  first.reject(new Error('no'))
  await t.throwsAsync(running, { message: 'no' })
  t.is(await waiting, 'second')
})
