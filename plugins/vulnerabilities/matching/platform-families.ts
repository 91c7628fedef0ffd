import type { CpeName } from './name.ts'

/**
 * Platforms that NVD names by their family ("running on Windows", version `-`), while an inventory names the member.
 * Without this table an asset on Windows Server 2019 would count as "known and not Windows". Only platform criteria
 * (vulnerable: false) without a version use it; a family never makes a product vulnerable.
 */
const FAMILIES: ReadonlyMap<string, RegExp> = new Map([
  ['o:microsoft:windows', /^o:microsoft:windows_/],
  ['o:microsoft:windows_nt', /^o:microsoft:windows_/],
  ['o:apple:macos', /^o:apple:mac_os_x$/],
  ['o:apple:mac_os_x', /^o:apple:macos$/],
  [
    'o:linux:linux_kernel',
    /^o:(?:[a-z0-9._-]+:[a-z0-9._-]*linux[a-z0-9._-]*|fedoraproject:fedora|opensuse:leap|suse:[a-z0-9._-]+|centos:centos)$/,
  ],
])

/** Whether the asset's product is a member of the family that a platform key (`part:vendor:product`) names. */
export function isOfFamily(platformKey: string, asset: CpeName): boolean {
  return asset.values[0] === 'o' && FAMILIES.get(platformKey)?.test(asset.key) === true
}
