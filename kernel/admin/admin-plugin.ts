import { type AnyPlugin, definePlugin, type Kit } from '../contract.ts'
import { type InstanceParts, instanceRoutes } from './instance-routes.ts'
import { type JobParts, jobRoutes } from './job-routes.ts'
import { type TenantParts, tenantRoutes } from './tenant-routes.ts'

/** What the administration of the platform works with. */
export interface AdminParts {
  readonly tenants: TenantParts
  readonly instances: InstanceParts
  readonly jobs: JobParts
}

type None = Record<never, never>

/** The kit that the parts of this plugin register themselves with. */
export type AdminKit = Kit<never, unknown, None, None, None>

/** For operators of the platform: all tenants, jobs and instances (ADMIN_PANEL_ENABLED). */
export const adminPlugin = ({ tenants, instances, jobs }: AdminParts): AnyPlugin =>
  definePlugin({
    name: 'admin',
    version: '1.0.0',
    title: 'Administration of the platform',
    segments: ['admin/tenants', 'admin/instances', 'admin/plugins', 'admin/jobs'],
    setup(kit) {
      tenantRoutes(kit, tenants)
      instanceRoutes(kit, instances)
      jobRoutes(kit, jobs)
    },
  }) as unknown as AnyPlugin
