import test from 'ava'
import { type AnyPlugin, definePlugin, serviceRef } from '../../../kernel/contract.ts'
import { startOrder } from '../../../kernel/plugins/order.ts'

const refs = Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'x'].map(name => [name, serviceRef<object>(`${name}.thing`)]))

/** A plugin that offers its own thing and uses those of others. */
const plugin = (name: string, ...uses: string[]): AnyPlugin =>
  definePlugin({
    name,
    version: '1.0.0',
    title: name,
    segments: [],
    offers: { thing: refs[name] as never },
    uses: Object.fromEntries(uses.map(used => [used, refs[used] as never])),
    setup: () => undefined,
  }) as unknown as AnyPlugin

const names = (plugins: readonly AnyPlugin[]): string[] => plugins.map(({ name }) => name)

test('providers come before those who use them, otherwise the given order stays', t => {
  const { ordered, refused } = startOrder([plugin('a', 'c', 'b'), plugin('b', 'c'), plugin('c'), plugin('d')])
  t.deepEqual(names(ordered), ['c', 'b', 'a', 'd'])
  t.is(refused.size, 0)
})

test('a missing provider is named with the path that led there, for all who need it', t => {
  const { ordered, refused } = startOrder([plugin('a', 'b'), plugin('b', 'x'), plugin('c')])
  t.deepEqual(names(ordered), ['c'])
  t.deepEqual(Object.fromEntries(refused), {
    b: 'a -> b -> x.thing: no plugin offers this service',
    a: 'a -> b: a -> b -> x.thing: no plugin offers this service',
  })
})

test('a cycle is named, and whoever hangs on it is refused', t => {
  const { ordered, refused } = startOrder([plugin('a', 'b'), plugin('b', 'c'), plugin('c', 'b'), plugin('d')])
  t.deepEqual(names(ordered), ['d'])
  t.is(refused.get('b'), 'uses a plugin that uses it: b -> c -> b')
  t.is(refused.get('c'), 'uses a plugin that uses it: b -> c -> b')
  t.is(refused.get('a'), 'a -> b: uses a plugin that uses it: b -> c -> b')
})

test('a plugin that uses itself is a cycle of one', t => {
  t.is(startOrder([plugin('a', 'a')]).refused.get('a'), 'uses a plugin that uses it: a -> a')
})

test('two ways to one provider are no cycle', t => {
  const { ordered, refused } = startOrder([plugin('a', 'b', 'c'), plugin('b', 'd'), plugin('c', 'd'), plugin('d')])
  t.deepEqual(names(ordered), ['d', 'b', 'c', 'a'])
  t.is(refused.size, 0)
})

test('what comes after a refused plugin in the list is refused too if it needs it, whatever the order', t => {
  const members = [plugin('c', 'd'), plugin('d', 'c'), plugin('e', 'd')]
  for (const given of [members, members.toReversed()]) {
    const { ordered, refused } = startOrder(given)
    t.deepEqual(ordered, [])
    t.deepEqual([...refused.keys()].toSorted(), ['c', 'd', 'e'])
  }
})
