import { type Call, newId } from '../../kernel/contract.ts'
import type { SiteDirectory } from '../sites/public.ts'
import { hashOfKey, newKey } from './credentials.ts'
import type { CommandService } from './services/command-service.ts'
import type { DemoKey } from './services/demo-key.ts'

const demo = [
  { site: 'Plant North', name: 'edge-north-1', location: 'Hall 2, cabinet 4', type: 'network-sensor' },
  { site: 'Plant South', name: 'edge-south-1', location: 'Control room', type: 'network-sensor' },
] as const

interface DemoContext {
  readonly call: Call
  readonly sites: SiteDirectory
  readonly commandService: CommandService
  readonly demoKey: DemoKey
}

/**
 * Two devices of the demo tenant. Nobody has their keys, so they stay `registered`; one has something to do. The reference
 * agent may add more with a provisioning key that is left for it.
 */
export async function demoDevices({ call, sites, commandService, demoKey }: DemoContext): Promise<void> {
  const siteIds = await sites.idsByName(demo.map(({ site }) => site))
  const time = call.now().toISOString()
  const rows = demo.map(({ site, ...facts }) => ({
    id: newId(),
    ...facts,
    site_id: siteIds.get(site) ?? null,
    device_key: hashOfKey(newKey('dvc')),
    status: 'registered',
    created_at: time,
    updated_at: time,
  }))
  await call.db.table('devices').insert(rows)
  const [first] = rows
  if (first) await commandService.send(first.id, { command: 'run_discovery', payload: { subnet: '10.10.1.0/24' } })
  await demoKey.leave()
}
