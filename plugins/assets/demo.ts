import { NewAsset } from './asset.ts'

/** Assets of the demo tenant, by the name of their site. The products are real, the devices are not. */
export const demoAssets: readonly { readonly site: string; readonly asset: NewAsset }[] = [
  at('Plant North', 'Line 1 controller', 'plc', 'Siemens', 'SIMATIC S7-1500', '2.8.1', '10.10.1.11', [
    'cpe:2.3:o:siemens:simatic_s7-1500_cpu_firmware:2.8.1:*:*:*:*:*:*:*',
    'cpe:2.3:h:siemens:simatic_s7-1500_cpu:-:*:*:*:*:*:*:*',
  ]),
  at('Plant North', 'Packaging switch', 'industrial_switch', 'Moxa', 'EDS-405A', '3.8', '10.10.1.2', [
    'cpe:2.3:o:moxa:eds-405a_firmware:3.8:*:*:*:*:*:*:*',
    'cpe:2.3:h:moxa:eds-405a:-:*:*:*:*:*:*:*',
  ]),
  at('Plant North', 'Historian', 'server', 'Microsoft', 'Windows Server 2019', '1809', '10.10.2.20', [
    'cpe:2.3:o:microsoft:windows_server_2019:-:*:*:*:*:*:*:*',
    'cpe:2.3:a:apache:log4j:2.14.1:*:*:*:*:*:*:*',
  ]),
  at('Plant South', 'Remote gateway', 'gateway', 'Fortinet', 'FortiGate 60F', '7.0.6', '10.20.0.1', [
    'cpe:2.3:o:fortinet:fortios:7.0.6:*:*:*:*:*:*:*',
  ]),
  at('Plant South', 'Edge router', 'network_device', 'Cisco', 'ISR 4331', '16.9.3', '10.20.0.2', [
    'cpe:2.3:o:cisco:ios_xe:16.9.3:*:*:*:*:*:*:*',
  ]),
  at('Head office', 'File transfer', 'server', 'Progress', 'MOVEit Transfer', '2022.1.4', '10.30.4.7', [
    'cpe:2.3:a:progress:moveit_transfer:2022.1.4:*:*:*:*:*:*:*',
  ]),
  at('Head office', 'Wiki', 'virtual_machine', 'Atlassian', 'Confluence', null, '10.30.4.9', [
    'cpe:2.3:a:atlassian:confluence_server:*:*:*:*:*:*:*:*',
  ]),
  at('Head office', 'Build server', 'virtual_machine', 'OpenSSL', 'Linux host', '1.0.1f', '10.30.4.12', [
    'cpe:2.3:a:openssl:openssl:1.0.1f:*:*:*:*:*:*:*',
  ]),
]

function at(
  site: string,
  name: string,
  type: NewAsset['type'],
  producer: string,
  model: string,
  version: string | null,
  ip_address: string,
  cpes: readonly string[],
): { site: string; asset: NewAsset } {
  return { site, asset: NewAsset.parse({ name, type, producer, model, version, ip_address, cpes }) }
}
