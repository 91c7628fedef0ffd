import test from 'ava'
import { Asset, AssetChange, assetTypes, NewAsset } from '../asset.ts'

const asset = (fields: object) => NewAsset.parse({ name: 'Pump', type: 'plc', ...fields })
const fault = (fields: object): string | undefined =>
  NewAsset.safeParse({ name: 'Pump', type: 'plc', ...fields }).error?.issues[0]?.message

test('a name and a type are enough', t => {
  t.deepEqual(asset({}), {
    name: 'Pump',
    type: 'plc',
    site_id: null,
    producer: null,
    model: null,
    version: null,
    ip_address: null,
    mac_address: null,
    criticality: 'medium',
    lifecycle: 'active',
    cpes: [],
    external_key: null,
  })
})

test('the types are those of the contract, section 2.6', t => {
  t.deepEqual(
    [...assetTypes],
    [
      ...['server', 'workstation', 'virtual_machine', 'network_device', 'cloud_service'],
      ...['plc', 'rtu', 'dcs_controller', 'scada_server', 'hmi', 'industrial_switch', 'gateway', 'sensor', 'robot'],
      ...['engineering_station', 'other'],
    ],
  )
})

test('addresses are stored in one spelling', t => {
  t.is(asset({ ip_address: ' 10.0.0.1 ' }).ip_address, '10.0.0.1')
  t.is(asset({ ip_address: '2001:0DB8:0:0:0:0:0:1' }).ip_address, '2001:db8::1')
  for (const mac of ['00:1B:1b:12:34:56', '00-1b-1b-12-34-56', '001b.1b12.3456', '001B1B123456']) {
    t.is(asset({ mac_address: mac }).mac_address, '00:1b:1b:12:34:56')
  }
})

test('addresses that readers understand differently are refused', t => {
  for (const ip of ['1', '010.0.0.1', '0x7f.0.0.1', '10.0.0', '10.0.0.256', 'fe80::1%eth0', 'localhost']) {
    t.is(fault({ ip_address: ip }), 'must be an IPv4 or IPv6 address', ip)
  }
  for (const mac of ['00:1b:1b:12:34', '00:1b:1b:12:34:5g']) {
    t.is(fault({ mac_address: mac }), 'must be a MAC address such as 00:1b:1b:12:34:56', mac)
  }
})

test('texts are one line without control characters or broken characters', t => {
  for (const name of ['a\nb', 'a\0b', 'a\u001b[31mb', 'a\ud800b']) {
    t.is(fault({ name }), 'must be one line of text without control characters')
  }
  t.is(asset({ name: '  Größe 𝄞 泵 ' }).name, 'Größe 𝄞 泵')
})

test('CPE names are completed, lower-case and there once', t => {
  const full = 'cpe:2.3:a:openssl:openssl:1.0.1f:*:*:*:*:*:*:*'
  t.deepEqual(asset({ cpes: ['cpe:/a:openssl:openssl:1.0.1f', full.toUpperCase(), full] }).cpes, [full])
})

test('a CPE name that cannot be stored or matched is refused with the reason', t => {
  t.regex(fault({ cpes: ['openssl 1.0.1'] }) ?? '', /does not start with "cpe:2\.3:"/)
  t.regex(fault({ cpes: ['cpe:2.3:a:openssl:*:1:*:*:*:*:*:*:*'] }) ?? '', /name the product/)
  t.regex(fault({ cpes: ['cpe:2.3:a:*:log4j:2.14.1:*:*:*:*:*:*:*'] }) ?? '', /name the vendor/)
  const long = `cpe:2.3:a:${'v'.repeat(200)}:${'p'.repeat(199)}:1`
  t.is(fault({ cpes: [long] }), 'part, vendor and product may have at most 400 characters together')
  t.notThrows(() => asset({ cpes: [`cpe:2.3:a:${'v'.repeat(200)}:${'p'.repeat(197)}:1`] }))
})

test('a change must change something, and nothing unknown', t => {
  t.false(AssetChange.safeParse({}).success)
  t.false(AssetChange.safeParse({ colour: 'red' }).success)
  t.deepEqual(AssetChange.parse({ site_id: null }), { site_id: null })
})

test('what is stored satisfies what is shown', t => {
  const times = { created_at: '2026-01-01T00:00:00.000Z', updated_at: '2026-01-01T00:00:00.000Z' }
  t.notThrows(() => Asset.parse({ id: 'x', ...asset({ cpes: ['cpe:2.3:o:moxa:eds-405a_firmware:3.8'] }), ...times }))
})
