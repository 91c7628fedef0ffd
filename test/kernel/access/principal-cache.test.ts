import test from 'ava'
import type { Principal } from '../../../kernel/access/principal.ts'
import { PrincipalCache } from '../../../kernel/access/principal-cache.ts'

const principal = (tenantId: string): Principal => ({
  actor: { kind: 'user', id: 'u' },
  tenantId,
  permissions: { has: () => false },
  sessionId: 's',
})

test('gives back what it was given, until that expires', t => {
  const cache = new PrincipalCache()
  const ada = principal('t1')
  cache.set('a', ada, 1000, cache.epoch)
  t.is(cache.get('a', 999), ada)
  t.is(cache.get('b', 999), undefined)
  t.is(cache.get('a', 1000), undefined)
  t.is(cache.size, 0)
})

test('does not grow beyond its size', t => {
  const cache = new PrincipalCache(3)
  for (const key of ['a', 'b', 'c', 'd']) cache.set(key, principal(key), 1000, cache.epoch)
  t.is(cache.size, 3)
  t.is(cache.get('a', 0), undefined)
  t.truthy(cache.get('d', 0))
})

test('does not keep what was read before a change', t => {
  const cache = new PrincipalCache()
  const { epoch } = cache
  cache.seen(1)
  cache.set('a', principal('t1'), 1000, epoch)
  t.is(cache.get('a', 0), undefined)
})

test('a revision of another instance empties it, the same one again does not', t => {
  const cache = new PrincipalCache()
  cache.seen(5)
  cache.set('a', principal('t1'), 1000, cache.epoch)
  cache.seen(5)
  cache.seen(4)
  t.truthy(cache.get('a', 0))
  cache.seen(6)
  t.is(cache.get('a', 0), undefined)
})

test('a change of its own forgets one tenant; a gap before it, all', t => {
  const cache = new PrincipalCache()
  cache.seen(5)
  const fill = (): void => {
    for (const tenant of ['t1', 't2']) cache.set(tenant, principal(tenant), 1000, cache.epoch)
  }
  fill()
  cache.changed(6, 't1')
  t.is(cache.get('t1', 0), undefined)
  t.truthy(cache.get('t2', 0))
  cache.seen(6)
  t.truthy(cache.get('t2', 0), 'the poll brings nothing new')
  fill()
  cache.changed(8, 't1')
  t.is(cache.size, 0)
})
