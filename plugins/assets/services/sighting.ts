import ipaddr from 'ipaddr.js'
import { ipAddress } from '../../../kernel/contract.ts'
import type { SeenAsset } from '../../ingest/public.ts'
import { macAddress, NewAsset } from '../asset.ts'

/** What was seen in a network, in the form in which assets are stored. One of the addresses is there. */
export interface Sighting {
  readonly ip: string | null
  readonly mac: string | null
  readonly hostname: string | null
  readonly vendor: string | null
}

/** Ranges of which no address is that of one thing in a network. */
const NOBODYS = new Set(['unspecified', 'broadcast', 'multicast', 'loopback'])

/** What a device saw, as far as it can be stored; undefined without an address. */
export function toSighting({ ip, mac, hostname, vendor }: SeenAsset): Sighting | undefined {
  const sighting = {
    ip: ownIp(ipAddress.safeParse(ip).data),
    mac: ownMac(macAddress.safeParse(mac).data),
    hostname: NewAsset.shape.name.safeParse(hostname).data ?? null,
    vendor: NewAsset.shape.producer.safeParse(vendor ?? undefined).data ?? null,
  }
  return sighting.ip === null && sighting.mac === null ? undefined : sighting
}

/** An IPv4 address that is written as an IPv6 one (RFC 4291, 2.5.5.2) is that IPv4 address. */
function ownIp(text: string | undefined): string | null {
  if (text === undefined) return null
  const address = ipaddr.process(text)
  return NOBODYS.has(address.range()) ? null : address.toString()
}

/** The lowest bit of the first byte says that it is the address of a group (IEEE 802, 8.2.2). */
function ownMac(mac: string | undefined): string | null {
  if (mac === undefined || mac === '00:00:00:00:00:00') return null
  return Number.parseInt(mac.slice(0, 2), 16) & 1 ? null : mac
}
