import { z } from 'zod'
import { eventRef, serviceRef } from '../../kernel/contract.ts'

/** An asset with the names that matching works on. */
export interface AssetCpes {
  readonly id: string
  readonly name: string
  /** CPE 2.3 formatted strings. */
  readonly cpes: readonly string[]
}

/** Looks up the assets of the call's tenant. */
export interface AssetDirectory {
  /** Of these ids, the assets there are. At most 500 ids. */
  byIds(ids: readonly string[]): Promise<AssetCpes[]>
  /** Assets that have CPE names, in order of their ids: the next `limit` after `after`. */
  withCpes(after: string | undefined, limit: number): Promise<AssetCpes[]>
  /** Ids of assets that have a CPE name with one of the keys (`part:vendor:product`). */
  idsWithProducts(keys: readonly string[]): Promise<string[]>
  /** How many assets have CPE names. */
  countWithCpes(): Promise<number>
}

export const assetDirectory = serviceRef<AssetDirectory>('assets.directory')

/** An asset by its address. */
export interface AssetAddress {
  readonly id: string
  readonly name: string
  readonly site_id: string | null
  readonly ip_address: string
}

/** Looks up assets of the call's tenant by address. */
export interface AssetAddressBook {
  /** Assets in service by the IP addresses as they are given, however they are written. */
  byIp(addresses: readonly string[]): Promise<ReadonlyMap<string, readonly AssetAddress[]>>
}

export const assetAddressBook = serviceRef<AssetAddressBook>('assets.address-book')

/** Assets whose CPE names are new or changed. At most 500 in one event. */
export const assetCpesChanged = eventRef('assets.cpes-changed', z.object({ asset_ids: z.array(z.string()).max(500) }))
