import { newId } from '../../data/id.ts'
import type { RegisteredRoute } from '../../plugins/registrations.ts'
import { signatureOf } from './subject.ts'

/** What a parameter of a path can be, besides an id. */
const known = ['CVE-2021-44228', 'sample', 'nvd', '1', '2026-01-02', '192.0.2.1']

/** Names of the parameters of a route's path. */
export const paramsOf = ({ path }: RegisteredRoute): string[] =>
  [...path.matchAll(/:(\w+)/g)].map(match => match[1] as string)

/** The path with its parameters filled in. */
export const fillPath = ({ path }: RegisteredRoute, values: Readonly<Record<string, string>>): string =>
  path.replace(/:(\w+)/g, (_match, name: string) => encodeURIComponent(values[name] ?? ''))

/** True when a parameter may have this value; without a schema of its own every parameter is a UUID. */
export function takes(registered: RegisteredRoute, name: string, value: string): boolean {
  const { params } = registered.route
  if (!params) return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)
  const others = Object.fromEntries(paramsOf(registered).map(other => [other, value]))
  const result = params.safeParse(others)
  return result.success || !result.error.issues.some(({ path }) => path[0] === name)
}

/** Values that pass for the parameters of a route, and that no record has. */
export function emptyParams(registered: RegisteredRoute): Record<string, string> {
  const values: Record<string, string> = {}
  for (const name of paramsOf(registered)) {
    const value = [newId(), ...known].find(candidate => takes(registered, name, candidate))
    if (value === undefined) throw new Error(`${signatureOf(registered)}: no value is known that passes for :${name}`)
    values[name] = value
  }
  return values
}
