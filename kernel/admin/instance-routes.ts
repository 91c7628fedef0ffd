import { z } from 'zod'
import { READS } from './admin-limits.ts'
import type { AdminKit } from './admin-plugin.ts'
import type { Instance, Instances } from './instances.ts'

/** What the routes of instances work with. */
export interface InstanceParts {
  readonly instances: Instances
  /** How many tenants may use a plugin with this feature; undefined: every tenant with a licence. */
  tenantsWith(feature: string | undefined): readonly string[]
}

const facts = {
  id: z.string(),
  host: z.string(),
  roles: z.array(z.string()),
  version: z.string(),
  state: z.enum(['running', 'gone']).describe('`gone`: it has not reported for a minute.'),
  started_at: z.string(),
  seen_at: z.string(),
}
const AdminInstance = z
  .object({ ...facts, plugins: z.record(z.string(), z.int()).describe('How many plugins are in each state.') })
  .meta({ id: 'AdminInstance' })

const AdminPlugin = z
  .object({
    name: z.string(),
    version: z.string(),
    title: z.string(),
    feature: z.string().nullable(),
    tenants: z.int().describe('How many tenants may use it.'),
    instances: z.array(
      z.object({
        id: z.string(),
        host: z.string(),
        version: z.string(),
        state: z.string(),
        reason: z.string().nullable().describe('Why it does not run.'),
      }),
    ),
  })
  .meta({ id: 'AdminPlugin' })

/** The processes of the server and the plugins in each, for operators. */
export function instanceRoutes(kit: AdminKit, { instances, tenantsWith }: InstanceParts): void {
  /** As they are now: this process does not wait for its next report. */
  const all = async (): Promise<Instance[]> => {
    await instances.report()
    return instances.list()
  }

  kit.platformRoute('GET /admin/instances', {
    summary: 'The processes of the server',
    description: 'Each reports itself every 15 seconds. One that ended without a word is shown as gone for a day.',
    access: 'platform-admin',
    limit: READS,
    returns: z.object({ items: z.array(AdminInstance) }),
    handle: async () => ({ items: (await all()).map(instanceView) }),
  })

  kit.platformRoute('GET /admin/plugins', {
    summary: 'The plugins, and their state in each process',
    access: 'platform-admin',
    limit: READS,
    returns: z.object({ items: z.array(AdminPlugin) }),
    handle: async () => ({ items: pluginViews(await all(), tenantsWith) }),
  })
}

function instanceView({ id, host, roles, version, state, startedAt, seenAt, plugins }: Instance) {
  const counts: Record<string, number> = {}
  for (const plugin of plugins) counts[plugin.state] = (counts[plugin.state] ?? 0) + 1
  return { id, host, roles: [...roles], version, state, started_at: startedAt, seen_at: seenAt, plugins: counts }
}

function pluginViews(
  instances: readonly Instance[],
  tenantsWith: InstanceParts['tenantsWith'],
): z.input<typeof AdminPlugin>[] {
  const views = new Map<string, z.input<typeof AdminPlugin>>()
  for (const { id, host, plugins } of instances.filter(({ state }) => state === 'running')) {
    for (const { name, version, title, feature, state, reason = null } of plugins) {
      const tenants = tenantsWith(feature ?? undefined).length
      const view = views.get(name) ?? { name, version, title, feature, tenants, instances: [] }
      view.instances.push({ id, host, version, state, reason })
      views.set(name, view)
    }
  }
  return [...views.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}
