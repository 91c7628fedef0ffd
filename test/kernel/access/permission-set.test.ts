import test from 'ava'
import { PermissionSet } from '../../../kernel/access/permission-set.ts'

test('is the union of what was granted', t => {
  const set = new PermissionSet(['assets:read', 'users:manage', 'assets:read'])
  t.true(set.has('assets:read'))
  t.true(set.has('users:manage'))
  t.false(set.has('users:read'))
  t.false(set.has('*'))
})

test('* grants everything, also what comes later', t => {
  const set = new PermissionSet(['*'])
  t.true(set.has('not-yet:thought-of'))
  t.true(set.has('*'))
})

test('*:read grants reading, but not maintenance, VPN and backup', t => {
  const set = new PermissionSet(['*:read'])
  t.true(set.has('assets:read'))
  t.true(set.has('not-yet-thought-of:read'))
  t.false(set.has('assets:update'))
  for (const kept of ['maintenance:read', 'vpn:read', 'backup:read'] as const) t.false(set.has(kept))
  t.false(set.has('*'))
})
