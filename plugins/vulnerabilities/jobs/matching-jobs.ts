import { z } from 'zod'
import { assetCpesChanged } from '../../assets/public.ts'
import { catalogueChanged } from '../../cve-feed/public.ts'
import type { VulnerabilityKit } from '../plugin.ts'
import { TenantTurns } from './tenant-turns.ts'

const REMATCH = { unique: 'rematch' }
const WAITED_FOR = { skipped: 'another run waits to do the same' }
const LONG_MS = 60 * 60_000

/** Jobs that keep vulnerabilities in line with assets and catalogue, and the events that start them. */
export function matchingJobs(kit: VulnerabilityKit): void {
  const turns = new TenantTurns()
  kit.job('scan', {
    scope: 'tenant',
    permission: 'vulnerabilities:read',
    data: z.strictObject({ asset_ids: z.array(z.string()).max(500).optional() }),
    every: '17 3 * * *',
    timeoutMs: LONG_MS,
    run: ({ asset_ids }, { matchingService, progress }) =>
      asset_ids ? matchingService.scanAssets(asset_ids, progress) : matchingService.scanAll(progress),
  })
  kit.job('rematch', {
    scope: 'tenant',
    data: z.strictObject({}),
    every: '5 minutes',
    timeoutMs: LONG_MS,
    run: async (_data, { call, matchingService, progress }) =>
      (await turns.take(call.tenant.id, () => matchingService.rematchChanges(progress))) ?? WAITED_FOR,
  })
  kit.job('begin', {
    scope: 'tenant',
    data: z.strictObject({}),
    whenOn: true,
    timeoutMs: LONG_MS,
    async run(_data, { call, matchingState, matchingService, progress }) {
      await matchingState.forget()
      return (await turns.take(call.tenant.id, () => matchingService.rematchChanges(progress))) ?? WAITED_FOR
    },
  })
  kit.job('reopen-accepted', {
    scope: 'tenant',
    data: z.strictObject({}),
    every: '1 hour',
    run: async (_data, { call, vulnerabilityRepository }) => ({
      reopened: await vulnerabilityRepository.reopenExpired(call.now()),
    }),
  })
  kit.on(assetCpesChanged, async ({ payload }, { call, matchingState }) => {
    await matchingState.mark(payload.asset_ids, call.now())
    await call.enqueue('rematch', {}, REMATCH)
  })
  kit.onPlatform(catalogueChanged, async (_delivery, { call, matchedTenants }) => {
    for (const tenantId of await matchedTenants.ids()) await call.enqueue('rematch', {}, { ...REMATCH, tenantId })
  })
}
