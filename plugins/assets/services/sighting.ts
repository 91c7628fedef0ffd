import type { SeenAsset } from '../../ingest/public.ts'
import { ipAddress, macAddress, NewAsset } from '../asset.ts'

/** What was seen in a network, in the form in which assets are stored. One of the addresses is there. */
export interface Sighting {
  readonly ip: string | null
  readonly mac: string | null
  readonly hostname: string | null
  readonly vendor: string | null
}

/** Addresses that belong to nobody. */
const NOBODYS = new Set(['0.0.0.0', '255.255.255.255', '::', '00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff'])

/** What a device saw, as far as it can be stored; undefined without an address. */
export function toSighting({ ip, mac, hostname, vendor }: SeenAsset): Sighting | undefined {
  const sighting = {
    ip: ownAddress(ipAddress.safeParse(ip).data),
    mac: ownAddress(macAddress.safeParse(mac).data),
    hostname: NewAsset.shape.name.safeParse(hostname).data ?? null,
    vendor: NewAsset.shape.producer.safeParse(vendor ?? undefined).data ?? null,
  }
  return sighting.ip === null && sighting.mac === null ? undefined : sighting
}

const ownAddress = (address: string | undefined): string | null =>
  address === undefined || NOBODYS.has(address) ? null : address
