import type { RegisteredRoute } from '../../plugins/registrations.ts'
import type { Client } from '../client.ts'
import { fillPath, paramsOf, takes } from './address.ts'
import type { TenantRows } from './tenant-rows.ts'

const MOST = 3

/** Ids of a tenant's records whose table sounds like a name: `site_id`, `user_ids`, `jobs`. */
export function idsNamed(name: string, { rows, own }: TenantRows): string[] {
  const word = name
    .replace(/_ids?$/, '')
    .replace(/ies$/, 'y')
    .replace(/s$/, '')
  return [...rows]
    .filter(([table]) => table.replace(/ies$/, 'y').includes(word))
    .sort(([a], [b]) => a.length - b.length)
    .flatMap(([, all]) => all.map(({ id }) => id))
    .filter(id => typeof id === 'string')
    .filter(id => own.has(id))
}

/**
 * Values for the parameters of a route that name records of a tenant, as its own lists show them. Undefined for a
 * route whose parameters are no ids of records, such as a CVE's.
 * @returns an empty array when the tenant has no such record
 */
export async function recordParams(
  route: RegisteredRoute,
  tenant: TenantRows,
  user: Client,
): Promise<Record<string, string>[] | undefined> {
  const names = paramsOf(route)
  if (!names.some(name => takes(route, name, '01890a5d-ac96-774b-bcce-b302099a8057'))) return undefined
  const choices = await Promise.all(names.map(name => valuesOf(route, name, tenant, user)))
  const most = Math.min(...choices.map(values => values.length), MOST)
  return Array.from({ length: most }, (_, index) =>
    Object.fromEntries(names.map((name, at) => [name, choices[at]?.[index] as string])),
  )
}

async function valuesOf(route: RegisteredRoute, name: string, tenant: TenantRows, user: Client): Promise<string[]> {
  const [before = ''] = route.path.split(`/:${name}`)
  const listed = before.includes(':') ? [] : await listedIds(user, fillPath({ ...route, path: before }, {}), name)
  const owned = listed.filter(id => tenant.own.has(id))
  if (owned.length > 0) return owned
  return idsNamed(name.endsWith('_id') ? name : (before.split('/').at(-1) ?? ''), tenant)
}

async function listedIds(user: Client, path: string, name: string): Promise<string[]> {
  const { status, body } = await user.get(path)
  if (status !== 200 || !Array.isArray(body?.items)) return []
  const items: Readonly<Record<string, unknown>>[] = body.items
  return items.map(item => item[name] ?? item.id).filter(id => typeof id === 'string')
}
