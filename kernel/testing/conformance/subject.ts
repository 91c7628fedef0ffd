import type { TestFn } from 'ava'
import type { AnyPlugin } from '../../contract.ts'
import type { RegisteredRoute } from '../../plugins/registrations.ts'
import type { TestKernel } from '../test-kernel.ts'

/** A plugin under test. */
export interface Subject {
  readonly test: TestFn
  readonly name: string
  /** A kernel that all tests share: nothing in it is changed. */
  calm(): Promise<TestKernel>
  /** One whose tenants have records; nothing of tenant a is changed in it. */
  filled(): Promise<TestKernel>
  /** One whose licences are changed, by one test after the other; each leaves it with all features on. */
  switched(): Promise<TestKernel>
  readonly readme: string | undefined
}

/** A route of a tenant for its users. */
export type TenantRoute = Extract<RegisteredRoute, { kind: 'tenant' }>

/** A route of a tenant for guests. */
export type GuestsRoute = Extract<RegisteredRoute, { kind: 'guest' }>

/** The descriptor of a plugin that is there. */
export function descriptorOf({ kernel }: TestKernel, name: string): AnyPlugin {
  const host = kernel.catalogue.byName(name)
  if (host) return host.plugin
  const rejected = kernel.catalogue.summary().find(found => found.name.includes(name))
  throw new Error(`there is no plugin "${name}"${rejected?.reason ? `: ${rejected.reason}` : ''}`)
}

/** All routes of a plugin, which has to run. */
export function routesOf(t: TestKernel, name: string): readonly RegisteredRoute[] {
  descriptorOf(t, name)
  const host = t.kernel.catalogue.byName(name)
  if (host?.mount) return host.mount.routes
  throw new Error(`the plugin "${name}" is ${host?.state}: ${host?.error?.message ?? 'no tenant has it'}`)
}

/** The routes of a plugin that serve users of a tenant. */
export const tenantRoutesOf = (t: TestKernel, name: string): readonly TenantRoute[] =>
  routesOf(t, name).filter(route => route.kind === 'tenant')

/** The routes of a plugin that serve guests of a tenant. */
export const guestRoutesOf = (t: TestKernel, name: string): readonly GuestsRoute[] =>
  routesOf(t, name).filter(route => route.kind === 'guest')

/** `GET /assets/:id`, as the plugin wrote it. */
export const signatureOf = ({ method, path }: RegisteredRoute): string =>
  `${method} ${path.replace(/^\/api\/v1(?=\/)/, '')}`
