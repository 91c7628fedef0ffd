import { mock } from 'node:test'
import test from 'ava'
import type { Database } from '../../../db/database.ts'
import { RevisionWatch } from '../../../kernel/tenancy/revision-watch.ts'
import { bumpRevision } from '../../../kernel/tenancy/revisions.ts'
import { quiet, TenancyHouse } from './tenancy-house.ts'

mock.timers.enable({ apis: ['setInterval'] })

/** Lets what is under way end, then moves the time. */
async function twoSecondsLater(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve))
  mock.timers.tick(2000)
}

/** Values in the order in which they come. */
function heard<T>(): { hear(value: T): void; next(): Promise<T> } {
  const waiting: ((value: T) => void)[] = []
  const values: T[] = []
  return {
    hear(value) {
      const first = waiting.shift()
      if (first) first(value)
      else values.push(value)
    },
    next: () =>
      values.length > 0 ? Promise.resolve(values.shift() as T) : new Promise(resolve => waiting.push(resolve)),
  }
}

test('looks every two seconds, goes on after a failure, and stops', async t => {
  const house = await TenancyHouse.open(t)
  const seen = heard<number | 'failed'>()
  let broken = false
  const database: Database = Object.create(house.database, {
    read: {
      value: (...given: Parameters<Database['read']>) =>
        broken ? Promise.reject(new Error('no database')) : house.database.read(...given),
    },
  })
  const watch = new RevisionWatch({
    database,
    name: 'access',
    log: quiet,
    seen: revision => seen.hear(revision),
    failed: () => seen.hear('failed'),
  })
  watch.start()
  await twoSecondsLater()
  const first = await seen.next()
  await bumpRevision(house.db(), 'access')
  await twoSecondsLater()
  t.is(await seen.next(), Number(first) + 1)

  broken = true
  await twoSecondsLater()
  t.is(await seen.next(), 'failed')
  broken = false
  await watch.check()
  t.is(await seen.next(), Number(first) + 1)

  await watch.stop()
  await bumpRevision(house.db(), 'access')
  await twoSecondsLater()
  await watch.check()
  t.is(await seen.next(), Number(first) + 2)
})
