import { serviceRef } from '../../kernel/contract.ts'
import type { Channel, Snap } from './snap.ts'

export type { Channel, Snap } from './snap.ts'

/** What is published, for reading in a tenant's call. The catalogue is the same for all tenants. */
export interface SnapCatalogue {
  /** One version; undefined when it was never published. */
  find(name: string, version: string): Promise<Snap | undefined>
  /** What a device on the channel should have; undefined when nothing was released for it. */
  latest(name: string, channel: Channel): Promise<Snap | undefined>
}

export const snapCatalogue = serviceRef<SnapCatalogue>('snaps.catalogue')
