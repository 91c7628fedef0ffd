import { type ServiceRef, serviceRef } from './refs.ts'

/** How long a tenant keeps what its devices send. `audit` offers it, so that there is one place to set it. */
export interface TenantRetention {
  /**
   * Days that ingested events are kept.
   * @param otherwise what holds when the tenant has not said it here; default: what the deployment says
   */
  ingestDays(otherwise?: number): Promise<number>
  /** Sets them, 1 to 365, in the transaction of the call. */
  setIngestDays(days: number): Promise<void>
}

/** The kernel's service that knows how long a tenant keeps things. */
export const tenantRetention: ServiceRef<TenantRetention> = serviceRef<TenantRetention>('audit.tenant-retention')
