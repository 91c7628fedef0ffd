import type { Reading, ReadName } from './metric-table.ts'
import type { Watched } from './telemetry.ts'

/** Values by metric. */
export type Readings = ReadonlyMap<string, readonly Reading[]>

const licenceStates = ['pending', 'active', 'grace', 'expired', 'suspended'] as const

/** Tenants by the state of their licence, from memory. */
export function readTenants({ features }: Watched): Readings {
  const counts = new Map<string, number>(licenceStates.map(state => [state, 0]))
  for (const { tenant } of features().byTenant.values()) counts.set(tenant.status, (counts.get(tenant.status) ?? 0) + 1)
  const values = [...counts].map(([state, value]) => ({ value, attributes: { 'monozu.tenant.state': state } }))
  return new Map([['monozu.tenants' satisfies ReadName, values]])
}

/** Plugins and their states, from memory. */
export function readPlugins({ catalogue }: Watched): Readings {
  const values = catalogue
    .summary()
    .map(({ name, state }) => ({ value: 1, attributes: { 'monozu.plugin': name, 'monozu.plugin.state': state } }))
  return new Map([['monozu.plugins' satisfies ReadName, values]])
}

/** The connections to the database, from the pools themselves. */
export function readPools({ database }: Watched): Readings {
  const pools = database.pools?.() ?? []
  const of = (name: string) => ({ 'db.client.connection.pool.name': name })
  return new Map<ReadName, readonly Reading[]>([
    [
      'db.client.connection.count',
      pools.flatMap(({ name, used, idle }) => [
        { value: used, attributes: { ...of(name), 'db.client.connection.state': 'used' } },
        { value: idle, attributes: { ...of(name), 'db.client.connection.state': 'idle' } },
      ]),
    ],
    ['db.client.connection.max', pools.map(({ name, max }) => ({ value: max, attributes: of(name) }))],
    [
      'db.client.connection.pending_requests',
      pools.map(({ name, waiting }) => ({ value: waiting, attributes: of(name) })),
    ],
  ])
}
