import test from 'ava'
import { compareVersions, type SchemeName, schemeFor } from '../../matching/cpe.ts'

type Order = '<' | '=' | '>' | '?'
const SIGN: Record<Order, number | undefined> = { '<': -1, '=': 0, '>': 1, '?': undefined }

function check(title: string, scheme: SchemeName | undefined, rows: readonly (readonly [string, Order, string])[]) {
  test(`${scheme ?? 'generic'}: ${title}`, t => {
    for (const [a, order, b] of rows) {
      t.is(compareVersions(a, b, scheme), SIGN[order], `${a} ${order} ${b}`)
      const back = compareVersions(b, a, scheme)
      t.is(back === undefined ? undefined : 0 - back, SIGN[order], `${b} against ${a}`)
    }
  })
}

check('numbers are numbers, a missing one is 0', undefined, [
  ['10', '>', '9'],
  ['1.02', '=', '1.2'],
  ['1.0', '=', '1.0.0'],
  ['1.0.14', '>', '1.0.4'],
  ['5.0', '<', '08.0'],
  ['10.0', '>', '1.000.0.1'],
  ['64.0', '>', '3.6.24'],
  ['3.202401011234567890', '<', '3.202401011234567891'],
])

check('words before and after the release', undefined, [
  ['1.0.0-dev1', '<', '1.0.0'],
  ['1.0-alpha', '<', '1.0-beta'],
  ['1.0-beta2', '<', '1.0-rc1'],
  ['1.0rc1', '<', '1.0'],
  ['5-a1', '=', '5a1'],
  ['5a1', '<', '5a2'],
  ['1.0', '<', '1.0p1'],
  ['p9', '<', 'p15'],
  ['1.0 SP1', '<', '1.0 sp2'],
  ['1.0-sp1', '<', '1.0.1'],
  ['1.0-sp1', '>', '1.0.0'],
  ['6_update_4', '<', '6 Update 17'],
  ['2.4.6-p5', '<', '2.4.6-p10'],
  ['4.1.91.Final', '=', '4.1.91'],
  ['1.4.2_release1', '>', '1.4.2'],
  ['98SE', '<', '99SP1'],
  ['520.1tcu4', '<', '520.2tcu2'],
])

check('a number behind a sign is a patch', undefined, [
  ['1.8.0_66', '<', '1.8.0_456'],
  ['9.9.4-65', '<', '9.9.4-72'],
  ['6.3.5-9', '>', '6.3.5'],
  ['6.3.5-9', '<', '6.3.6'],
  ['5-1.15.2', '<', '5-1.16'],
  ['5-1.16', '>', '5_1.0.6'],
  ['5-appl_1.16.1', '?', '5-1.0.1'],
  ['03.06.19_(18)', '>', '3.6.19(9)'],
  ['11.6.0+security-01', '>', '11.6.0'],
])

check('one trailing letter is a patch', undefined, [
  ['4a', '<', '4c'],
  ['1.0.2k', '<', '1.0.2l'],
  ['1.0.2', '<', '1.0.2a'],
  ['10.0a', '<', '10.1'],
])

check('dates, in any notation', undefined, [
  ['RELEASE.2024-01-01T00-00-00Z', '<', 'RELEASE.2024-01-02T00-00-00Z'],
  ['RELEASE.2024-01-01T00-00-00Z', '>', '2023-12-30t23-59-59z'],
  ['2024-01-01', '<', '2024-01-01T10-00-00Z'],
  ['2023-01-05', '=', '20230105'],
  ['2014-05-05a', '<', '2014-05-05d'],
  ['2023-01-05', '?', '0.5.0b3'],
  ['20230105', '?', '1.2'],
  ['0', '<', '2023-01-05'],
])

check('leading words', undefined, [
  ['v1.2', '=', '1.2'],
  ['version 1.2', '<', '1.10'],
  ['r5.04.20', '<', '5.4.21'],
  ['FW07', '<', 'fw11'],
  ['lw80.sb7.p234', '<', 'lw80.sb7.p235'],
  ['eva-al00c00', '?', 'crr-al00c00'],
])

check('what cannot be ordered', undefined, [
  ['26a48ad', '?', 'b2715'],
  ['26a48ad', '?', '55d4206c8'],
  ['26a48ad', '=', '26A48AD'],
  ['master', '?', '1.0'],
  ['1.0-foo', '?', '1.0'],
  ['1.0-foo', '?', '1.0-bar'],
  ['1.0-foo2', '<', '1.0-foo3'],
  ['1.0-sp1', '?', '1.0-p3'],
  ['', '?', '1'],
  ['*', '?', '1'],
  ['-', '?', '-'],
  ['1'.repeat(200), '?', '1'],
])

check('precedence of the specification', 'semver', [
  ['1.0.0-alpha', '<', '1.0.0-alpha.1'],
  ['1.0.0-alpha.1', '<', '1.0.0-alpha.beta'],
  ['1.0.0-alpha.beta', '<', '1.0.0-beta'],
  ['1.0.0-beta.2', '<', '1.0.0-beta.11'],
  ['1.0.0-rc.1', '<', '1.0.0'],
  ['1.0.0+build.1', '=', '1.0.0+build.2'],
  ['1.19.0-0', '<', '1.19.0'],
  ['v1.2', '=', '1.2.0'],
  ['1.2.3.4', '<', '1.2.3.5'],
])

check('Debian packages', 'deb', [
  ['1:0.1', '>', '2.0'],
  ['1.0~rc1', '<', '1.0'],
  ['1.0~~', '<', '1.0~'],
  ['1.0-1', '<', '1.0-1ubuntu2'],
  ['2.20.9-0ubuntu7.23', '<', '2.20.11-0ubuntu27'],
  ['1.0a', '<', '1.0+'],
  ['1.2.3', '=', '0:1.2.3-0'],
])

check('RPM packages', 'rpm', [
  ['1.0~rc1', '<', '1.0'],
  ['1.0^git1', '>', '1.0'],
  ['1.0^git1', '<', '1.0.1'],
  ['1.0a', '<', '1.0.1'],
  ['2.17-326.el7_9', '<', '2.17-326.el7_10'],
  ['1:1.0-1', '>', '2.0-1'],
  ['4.18.0-80', '=', '4.18.0'],
])

check('qualifiers', 'maven', [
  ['1.0-alpha-1', '<', '1.0-beta-1'],
  ['9.0.0.M1', '<', '9.0.0'],
  ['11.0.0-M9', '<', '11.0.0-M21'],
  ['1.0-rc1', '=', '1.0-CR1'],
  ['1.0-rc1', '<', '1.0-SNAPSHOT'],
  ['1.0-SNAPSHOT', '<', '1.0'],
  ['1.0.GA', '=', '1.0.Final'],
  ['1.0', '<', '1.0-sp1'],
  ['1.0-sp1', '<', '1.0-xyz'],
  ['1.0-abc', '<', '1.0-xyz'],
])

check('PEP 440', 'python', [
  ['1.0.dev1', '<', '1.0a1'],
  ['3.10.0a7', '<', '3.10.0b1'],
  ['3.10.0c1', '=', '3.10.0rc1'],
  ['1.0rc1', '<', '1.0'],
  ['1.0', '<', '1.0.post1'],
])

check('letters', 'openssl', [
  ['1.0.2k', '<', '1.0.2l'],
  ['1.0.2z', '<', '1.0.2za'],
  ['1.0.2za', '<', '1.0.2zb'],
  ['1.0.2-beta3', '<', '1.0.2'],
  ['1.1.1', '<', '1.1.1a'],
])

check('hot fixes, updates, service packs', 'siemens', [
  ['V2.8.3', '=', '2.8.3'],
  ['V2.8.3', '<', 'V2.8.3 SP1'],
  ['V7.4 SP1 Upd 9', '<', 'V7.4 SP1 Update 12'],
  ['V16 Update 5', '<', 'V16 SP1'],
  ['V4.5 HF1', '<', 'V4.5 Upd1'],
  ['V7.4 SP1 Upd 9', '<', 'V7.5'],
  ['se2021mp5', '<', 'SE2021MP7'],
  ['01.21.142.4-18', '<', '01.21.142.5-22'],
])

check('releases, services and lines', 'junos', [
  ['17.4R2-S6', '<', '17.4R2-S10'],
  ['17.4R2', '<', '17.4R2-S6'],
  ['17.4R2-S6', '<', '17.4R3'],
  ['17.4R2.8', '=', '17.4R2'],
  ['17.4R2.8', '<', '17.4R2-S6.3'],
  ['17.4', '<', '17.4R1'],
  ['15.1F5', '<', '15.1f7'],
  ['15.1X49-D90', '<', '15.1x49\\:d100'],
  ['15.1X49-D90', '?', '15.1R7'],
  ['15.1X49-D90', '?', '15.1X53-D20'],
  ['21.2R3-EVO', '<', '21.2R3-S1-EVO'],
])

check('rebuilds within a train', 'cisco', [
  ['15.2(4)E7', '<', '15.2(4)E10'],
  ['15.2\\(4\\)E7', '=', '15.2(4)e7'],
  ['15.2(4)E7', '?', '15.2(4)S3'],
  ['15.2(4)E7', '<', '15.2(7)S1'],
  ['15.1(4)M1.3', '<', '15.1(4)M2'],
  ['7.0(3)I4(1)', '<', '7.0(3)i7(2)'],
  ['6.2(5)', '<', '6.2(5a)'],
  ['6.2(5a)', '<', '6.2(5b)'],
  ['11.5(1)', '<', '11.5(1)su9'],
  ['14su3', '<', '14SU5'],
])

check('builds and field devices', 'firmware', [
  ['1.1', '=', 'v1.1 build 16072200'],
  ['v1.1 build 16072200', '<', '1.1 Build 17010100'],
  ['v1.1 build 16072200', '<', '1.2'],
  ['1.21b07', '>', '1.21'],
  ['1.21b07', '<', '1.21b10'],
  ['fw860', '<', 'FW860.b3'],
])

check('branches and patches', 'huawei', [
  ['V200R003C00SPC200', '<', 'V200R003C00SPC300'],
  ['v200r003c00', '<', 'v200r003c00spc200'],
  ['v200r001sph009', '<', 'v200r001sph023'],
  ['v200r003c00spc200', '<', 'v200r003c00sph009'],
  ['v200r003c00', '<', 'v200r005c00'],
])

test('aliases are understood and an unknown scheme is refused', t => {
  t.is(compareVersions('1.0.0-beta.2', '1.0.0-beta.11', 'npm'), -1)
  t.is(compareVersions('1:1', '2', 'debian'), 1)
  t.throws(() => compareVersions('1', '2', 'roman'), {
    instanceOf: RangeError,
    message: /Unknown version scheme "roman"/,
  })
  t.throws(() => compareVersions('1', '2', 'constructor'), { instanceOf: RangeError })
})

test('each product has a scheme, and unlisted ones are generic', t => {
  t.is(schemeFor('siemens', 'simatic_s7-1500_firmware'), 'siemens')
  t.is(schemeFor('juniper', 'junos'), 'junos')
  t.is(schemeFor('juniper', 'netscreen_screenos'), 'generic')
  t.is(schemeFor('cisco', 'ios'), 'cisco')
  t.is(schemeFor('cisco', 'ios_xe'), 'generic')
  t.is(schemeFor('openssl', 'openssl'), 'openssl')
  t.is(schemeFor('minio', 'minio'), 'generic')
  t.is(schemeFor('constructor', 'toString'), 'generic')
})

test('order is reflexive and antisymmetric in every scheme, over versions of every notation', t => {
  const pieces = [
    '0',
    '1',
    '1.0',
    '2.10',
    'v1',
    'r2',
    '2024-01-01',
    '20240101',
    '26a48ad',
    '1.0-rc1',
    '1.0 sp1',
    '1.0b',
  ]
  const tails = ['', 'a', '-s6', 'b2', '.final', '_16', '(4)e7', ' build 7', '~rc1', '+git', '-x49', 'za']
  const versions = pieces.flatMap(piece => tails.map(tail => piece + tail))
  for (const scheme of [
    'generic',
    'semver',
    'deb',
    'rpm',
    'maven',
    'siemens',
    'junos',
    'cisco',
    'openssl',
    'firmware',
  ]) {
    for (const a of versions) {
      if (compareVersions(a, a, scheme) !== 0) t.fail(`${scheme}: ${a} is not itself`)
      for (const b of versions) {
        const [there, back] = [compareVersions(a, b, scheme), compareVersions(b, a, scheme)]
        const agree = there === undefined ? back === undefined : back !== undefined && there + back === 0
        if (!agree) t.fail(`${scheme}: ${a} against ${b} is ${there} and ${back}`)
      }
    }
  }
  t.pass()
})

test('order is transitive over plain numbers', t => {
  const numbers = ['0', '0.1', '0.10', '1', '1.0.1', '1.2', '1.10', '2', '10', '10.0.3']
  for (const [i, a] of numbers.entries()) {
    for (const [j, b] of numbers.entries()) t.is(compareVersions(a, b), Math.sign(i - j), `${a} ${b}`)
  }
})
