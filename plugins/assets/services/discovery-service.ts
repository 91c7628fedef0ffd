import type { z } from 'zod'
import type { Call } from '../../../kernel/contract.ts'
import type { assetSeen } from '../../ingest/public.ts'
import type { SiteDirectory } from '../../sites/public.ts'
import { toAsset } from '../repositories/asset-repository.ts'
import type { DiscoveryRepository } from '../repositories/discovery-repository.ts'
import { DiscoveryPlan } from './discovery-plan.ts'
import { type Sighting, toSighting } from './sighting.ts'

/** Assets of a tenant that wait to be confirmed; a device that goes wild adds no more. */
const MOST_UNCONFIRMED = 10_000

interface Dependencies {
  readonly call: Call
  readonly sites: SiteDirectory
  readonly discoveryRepository: DiscoveryRepository
}

/** Keeps the inventory in line with what devices see in their networks. */
export class DiscoveryService {
  readonly #dependencies: Dependencies

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies
  }

  /** Hears what a device saw. The same heard twice changes nothing the second time. */
  async hear({ device_id, site_id, seen }: z.output<typeof assetSeen.payload>): Promise<void> {
    const { call, sites, discoveryRepository } = this.#dependencies
    const sightings = seen.flatMap(one => toSighting(one) ?? [])
    const known = await discoveryRepository.withAddresses(addresses(sightings, 'mac'), addresses(sightings, 'ip'))
    const siteId = site_id !== null && (await sites.find(site_id)) ? site_id : null
    const now = call.now()
    const plan = new DiscoveryPlan(siteId, known, sightings, now)
    const wanted = plan.added
    const room = wanted.length > 0 ? Math.max(0, MOST_UNCONFIRMED - (await discoveryRepository.unconfirmed())) : 0
    if (wanted.length > room) {
      call.log.warn({ device_id, left_out: wanted.length - room }, 'too many assets wait to be confirmed')
    }
    const added = wanted.slice(0, room)
    await discoveryRepository.insert(added)
    for (const row of added) {
      call.audit({ action: 'asset.discovered', resourceType: 'asset', resourceId: row.id, after: toAsset(row) })
    }
    for (const { before, fields } of plan.changed) {
      if (!(await discoveryRepository.update(before.id, before.revision, fields, now))) continue
      const after = toAsset({ ...before, ...fields })
      call.audit({
        action: 'asset.updated',
        resourceType: 'asset',
        resourceId: before.id,
        before: toAsset(before),
        after,
      })
    }
  }
}

const addresses = (sightings: readonly Sighting[], field: 'mac' | 'ip'): string[] => [
  ...new Set(sightings.flatMap(sighting => sighting[field] ?? [])),
]
