import test from 'ava'
import { permissionKeys } from '../../../kernel/access/permission-keys.ts'

const known = new Set([
  'assets:read',
  'assets:update',
  'vpn:read',
  'vpn:manage',
  'users:manage',
  'rbac:manage',
  'settings:read',
  'service-requests:read',
  'security.tool:ping',
  'security.tool:nmap',
])

const cases: Record<string, string[]> = {
  '*': ['*'],
  'assets:read': ['assets:read'],
  'assets.update': ['assets:update'],
  'vpn.update': ['vpn:manage'],
  'vpn:delete': ['vpn:manage'],
  'module.vpn': ['vpn:read'],
  'settings.users.manage': ['users:manage'],
  'settings.groups.members': ['rbac:manage'],
  'settings.retention.read': ['settings:read'],
  'service_requests.read': ['service-requests:read'],
  'zones:read': ['assets:read'],
  'vlans.update': ['assets:update'],
  'assets.*': ['assets:read', 'assets:update'],
  'security.tool.ping': ['security.tool:ping'],
  'security.tool.*': ['security.tool:ping', 'security.tool:nmap'],
}

for (const [given, meant] of Object.entries(cases)) {
  test(`${given} is ${meant.join(' and ')}`, t => {
    t.deepEqual(permissionKeys(given, known), meant)
  })
}

test('what no plugin declares is not known', t => {
  for (const given of [
    '',
    ':',
    '.',
    '*:read',
    '*.*',
    'assets',
    'assets:delete',
    'moon.walk',
    'assets:read:all',
    'vpn.approve',
  ]) {
    t.deepEqual(permissionKeys(given, known), [], given)
  }
})
