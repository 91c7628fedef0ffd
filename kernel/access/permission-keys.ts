import { EVERYTHING } from './permission-set.ts'

/** Dotted keys of contract 5.3 that are named otherwise in 5.2. */
const ALIASES: Readonly<Record<string, string>> = {
  'settings.users.read': 'users:read',
  'settings.users.invite': 'users:invite',
  'settings.users.manage': 'users:manage',
  'settings.groups.read': 'rbac:read',
  'settings.groups.members': 'rbac:manage',
  'settings.groups.manage': 'rbac:manage',
  'settings.audit.read': 'audit:read',
  'settings.edge_registration_keys.manage': 'edge-keys:manage',
  'settings.api_keys.manage': 'api-keys:manage',
}

/** Resources that are covered by the keys of another (contract 15.2). */
const COVERED: Readonly<Record<string, string>> = { zones: 'assets', vlans: 'assets' }

/** Actions that `manage` stands for where a resource has no key of its own for them. */
const MANAGED = new Set(['create', 'update', 'delete'])

/**
 * The stored keys that a given one means: `assets:read` itself, `vpn.update` is `vpn:manage`, `module.vpn` is
 * `vpn:read`, `incidents.*` is every key of incidents. None: it is not known.
 * @param known every key that a descriptor declares
 */
export function permissionKeys(given: string, known: ReadonlySet<string>): string[] {
  if (given === EVERYTHING || known.has(given)) return [given]
  const [resource, action] = split(given)
  if (resource === undefined || action === undefined) return []
  if (action === '*') return [...known].filter(key => key.startsWith(`${resource}:`))
  const exact = `${resource}:${action}`
  if (known.has(exact)) return [exact]
  const managed = `${resource}:manage`
  return MANAGED.has(action) && known.has(managed) ? [managed] : []
}

function split(given: string): [resource?: string, action?: string] {
  const alias = Object.hasOwn(ALIASES, given) ? ALIASES[given] : undefined
  if (alias !== undefined) return pair(alias.split(':'))
  if (given.includes(':')) return pair(given.split(':'))
  const words = given.split('.')
  const [family, second] = words
  if (family === 'module' && words.length === 2) return pair([second as string, 'read'])
  const action = words.pop() as string
  return pair([family === 'settings' ? 'settings' : words.join('.'), action])
}

function pair(parts: readonly string[]): [resource?: string, action?: string] {
  const [resource, action] = parts
  if (parts.length !== 2 || !resource || !action) return []
  const plain = resource.replaceAll('_', '-')
  return [(Object.hasOwn(COVERED, plain) && COVERED[plain]) || plain, action]
}
