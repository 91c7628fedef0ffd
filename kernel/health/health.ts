import type { Database } from '../../db/database.ts'
import type { Lifecycle } from '../http/app.ts'
import type { Catalogue } from '../plugins/catalogue.ts'

const PING_TIMEOUT_MS = 2_000

/** What a health endpoint says. */
export interface Health {
  readonly httpStatus: number
  readonly body: {
    readonly status: 'ok' | 'degraded' | 'starting' | 'stopping' | 'unavailable'
    readonly problems?: Readonly<Record<string, string>>
  }
}

/**
 * `/health/ready`: 503 while starting, stopping or without a database; 200 `degraded` when a plugin does not run or its
 * own check fails, so that a balancer keeps the instance and an operator sees what is wrong.
 */
export async function readiness(lifecycle: Lifecycle, database: Database, catalogue: Catalogue): Promise<Health> {
  if (lifecycle !== 'running') return { httpStatus: 503, body: { status: lifecycle } }
  if (!(await answers(database))) {
    return { httpStatus: 503, body: { status: 'unavailable', problems: { database: 'does not answer' } } }
  }
  const problems: Record<string, string> = {}
  for (const { name, reason } of catalogue.summary().filter(plugin => catalogue.broken.includes(plugin.name))) {
    problems[name] = reason ?? 'does not run'
  }
  for (const host of catalogue.hosts) {
    if (host.state !== 'running') continue
    const fault = await host.health()
    if (fault !== undefined) problems[host.plugin.name] = fault
  }
  return Object.keys(problems).length > 0
    ? { httpStatus: 200, body: { status: 'degraded', problems } }
    : { httpStatus: 200, body: { status: 'ok' } }
}

/** `/health/plugins/<name>`; undefined when there is no such plugin. */
export async function pluginHealth(catalogue: Catalogue, name: string): Promise<Health | undefined> {
  const host = catalogue.byName(name)
  if (!host) return undefined
  if (host.state !== 'running') {
    return { httpStatus: 503, body: { status: 'unavailable', problems: { [name]: host.error?.message ?? host.state } } }
  }
  const fault = await host.health()
  return fault === undefined
    ? { httpStatus: 200, body: { status: 'ok' } }
    : { httpStatus: 200, body: { status: 'degraded', problems: { [name]: fault } } }
}

async function answers(database: Database): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>(resolve => {
    timer = setTimeout(() => resolve(false), PING_TIMEOUT_MS)
  })
  try {
    return await Promise.race([database.ping().then(() => true), late])
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}
