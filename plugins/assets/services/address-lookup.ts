import { ipAddress } from '../../../kernel/contract.ts'
import type { AssetAddress, AssetAddressBook } from '../public.ts'
import type { DiscoveryRepository } from '../repositories/discovery-repository.ts'

/** The look-ups by address that other plugins may make. */
export class AddressLookup implements AssetAddressBook {
  readonly #assets: DiscoveryRepository

  constructor({ discoveryRepository }: { discoveryRepository: DiscoveryRepository }) {
    this.#assets = discoveryRepository
  }

  async byIp(addresses: readonly string[]): Promise<ReadonlyMap<string, readonly AssetAddress[]>> {
    const stored = new Map(addresses.map(address => [address, ipAddress.safeParse(address).data]))
    const found = await this.#assets.inService([...new Set([...stored.values()].filter(ip => ip !== undefined))])
    const byStored = Map.groupBy(found, ({ ip_address }) => ip_address)
    return new Map([...stored].map(([address, ip]) => [address, byStored.get(ip ?? '') ?? []]))
  }
}
