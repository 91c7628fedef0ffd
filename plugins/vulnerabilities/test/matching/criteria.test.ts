import test from 'ava'
import { type Confidence, evaluate, type ReasonCode, type VersionBounds } from '../../matching/cpe.ts'

function only(criteria: string, bounds: VersionBounds = {}) {
  return [{ nodes: [{ operator: 'OR', negate: false, cpeMatch: [{ vulnerable: true, criteria, ...bounds }] }] }]
}

const record = (version: string, update = '*', tail = '*:*:*:*:*:*') =>
  `cpe:2.3:a:vendor:product:${version}:${update}:${tail}`

interface Row {
  readonly title: string
  readonly criteria?: string
  readonly bounds?: VersionBounds
  readonly asset: string
  readonly is: Confidence
  readonly code?: ReasonCode
}

const range = { versionStartIncluding: '2.0', versionEndExcluding: '3.0' }
const rows: readonly Row[] = [
  { title: 'below the range', bounds: range, asset: record('1.9'), is: 'none' },
  { title: 'at the inclusive start', bounds: range, asset: record('2.0'), is: 'confirmed', code: 'version_in_range' },
  { title: 'inside', bounds: range, asset: record('2.10'), is: 'confirmed', code: 'version_in_range' },
  { title: 'at the exclusive end', bounds: range, asset: record('3.0.0'), is: 'none' },
  { title: 'at the exclusive start', bounds: { versionStartExcluding: '2.0' }, asset: record('2.0'), is: 'none' },
  {
    title: 'after the exclusive start',
    bounds: { versionStartExcluding: '2.0' },
    asset: record('2.0.1'),
    is: 'confirmed',
  },
  { title: 'at the inclusive end', bounds: { versionEndIncluding: '3.0' }, asset: record('3'), is: 'confirmed' },
  { title: 'after the inclusive end', bounds: { versionEndIncluding: '3.0' }, asset: record('3.0.1'), is: 'none' },
  { title: 'a range, version unknown', bounds: range, asset: record('*'), is: 'possible', code: 'version_unknown' },
  { title: 'a range, no version', bounds: range, asset: record('-'), is: 'possible', code: 'version_not_applicable' },
  { title: 'a range, wildcard', bounds: range, asset: record('2.*'), is: 'none' },
  {
    title: 'a bound that cannot be ordered',
    bounds: { versionEndExcluding: '26a48ad' },
    asset: record('2.0'),
    is: 'possible',
    code: 'version_undecidable',
  },
  {
    title: 'one bound excludes though the other cannot be ordered',
    bounds: { versionStartIncluding: '3.0', versionEndExcluding: '26a48ad' },
    asset: record('2.0'),
    is: 'none',
  },
  { title: 'a bound that is no version', bounds: { versionEndIncluding: '-' }, asset: record('2.0'), is: 'possible' },
  {
    title: 'the update counts where the bound spells one',
    bounds: { versionEndExcluding: '2022 su5' },
    asset: record('2022', 'su4'),
    is: 'confirmed',
  },
  {
    title: 'the update counts where the bound spells one, after it',
    bounds: { versionEndExcluding: '2022 su5' },
    asset: record('2022', 'su6'),
    is: 'none',
  },
  {
    title: 'the update does not count where the version spells the rest',
    bounds: { versionEndIncluding: '6.0 sp3' },
    asset: record('6.0_sp3', 'revision_e'),
    is: 'confirmed',
  },
  {
    title: 'the update does not count against a bare number',
    bounds: { versionEndIncluding: '2.8.3' },
    asset: record('2.8.3', 'sp1'),
    is: 'confirmed',
  },

  { title: 'every version', criteria: record('*'), asset: record('7'), is: 'confirmed', code: 'all_versions' },
  {
    title: 'every version, and none',
    criteria: record('*'),
    asset: record('-'),
    is: 'confirmed',
    code: 'all_versions',
  },
  {
    title: 'every version, unknown',
    criteria: record('*'),
    asset: record('*'),
    is: 'possible',
    code: 'version_unknown',
  },
  { title: 'NA and a version', criteria: record('-'), asset: record('2.4.53'), is: 'none' },
  { title: 'NA and NA', criteria: record('-'), asset: record('-'), is: 'confirmed', code: 'no_version' },
  { title: 'NA and unknown', criteria: record('-'), asset: record('*'), is: 'possible', code: 'version_unknown' },
  { title: 'the same version', criteria: record('1.0'), asset: record('1.0'), is: 'confirmed', code: 'exact_version' },
  { title: 'the same version, longer', criteria: record('1.0'), asset: record('1.0.0'), is: 'confirmed' },
  { title: 'the same version, with v', criteria: record('1.0'), asset: record('v1.0'), is: 'confirmed' },
  { title: 'another version', criteria: record('1.0'), asset: record('1.0.1'), is: 'none' },
  { title: 'a version and NA', criteria: record('1.0'), asset: record('-'), is: 'none' },
  {
    title: 'a version and unknown',
    criteria: record('1.0'),
    asset: record('*'),
    is: 'possible',
    code: 'version_unknown',
  },
  { title: 'a pattern', criteria: record('1.*'), asset: record('1.7'), is: 'confirmed' },
  { title: 'a pattern within a number', criteria: record('1*'), asset: record('12'), is: 'confirmed' },
  { title: 'a pattern of one more sign', criteria: record('1.1?'), asset: record('1.12'), is: 'confirmed' },
  { title: 'a pattern that differs', criteria: record('1.*'), asset: record('2.7'), is: 'none' },

  { title: 'the same update', criteria: record('1.0', 'sp1'), asset: record('1.0', 'sp1'), is: 'confirmed' },
  { title: 'another update', criteria: record('1.0', 'sp1'), asset: record('1.0', 'sp2'), is: 'none' },
  { title: 'an update and none', criteria: record('1.0', 'sp1'), asset: record('1.0', '-'), is: 'none' },
  {
    title: 'an update and an unknown one',
    criteria: record('1.0', 'sp1'),
    asset: record('1.0'),
    is: 'possible',
    code: 'update_unknown',
  },
  { title: 'any update', criteria: record('1.0'), asset: record('1.0', 'sp1'), is: 'confirmed' },
  {
    title: 'the update written into the version',
    criteria: record('2.4.6', 'p5'),
    asset: record('2.4.6-p5'),
    is: 'confirmed',
  },
  { title: 'another update in the version', criteria: record('2.4.6', 'p5'), asset: record('2.4.6-p4'), is: 'none' },
  {
    title: 'the update in another spelling',
    criteria: record('6', 'update_4'),
    asset: record('6', 'update4'),
    is: 'confirmed',
  },
  {
    title: 'the version is known, the update is not any',
    criteria: record('*', 'sp1'),
    asset: record('3'),
    is: 'possible',
  },

  {
    title: 'a target software that is not known',
    criteria: record('*', '*', '*:*:*:wordpress:*:*'),
    asset: record('3'),
    is: 'possible',
    code: 'platform_unknown',
  },
  {
    title: 'another target software',
    criteria: record('*', '*', '*:*:*:wordpress:*:*'),
    asset: record('3', '*', '*:*:*:drupal:*:*'),
    is: 'none',
  },
  {
    title: 'a 32-bit record on a 64-bit asset',
    criteria: record('3', '*', '*:*:*:*:x86:*'),
    asset: record('3', '*', '*:*:*:*:x64:*'),
    is: 'none',
  },
  {
    title: 'an edition that is not known',
    criteria: record('3', '*', '*:*:enterprise:*:*:*'),
    asset: record('3'),
    is: 'possible',
    code: 'edition_unknown',
  },

  { title: 'another part', criteria: 'cpe:2.3:o:vendor:product:1:*:*:*:*:*:*:*', asset: record('1'), is: 'none' },
  { title: 'another vendor', criteria: 'cpe:2.3:a:mysql:product:1:*:*:*:*:*:*:*', asset: record('1'), is: 'none' },
  {
    title: 'upper case',
    criteria: 'cpe:2.3:a:Vendor:Product:1.0-RC1:*:*:*:*:*:*:*',
    asset: record('1.0-rc1'),
    is: 'confirmed',
  },
  {
    title: 'any vendor in the record',
    criteria: 'cpe:2.3:a:*:product:1:*:*:*:*:*:*:*',
    asset: record('1'),
    is: 'confirmed',
  },
  {
    title: 'any product in the record',
    criteria: 'cpe:2.3:a:vendor:*:1:*:*:*:*:*:*:*',
    asset: record('1'),
    is: 'confirmed',
  },
  {
    title: 'a product pattern',
    criteria: 'cpe:2.3:a:vendor:prod*:1:*:*:*:*:*:*:*',
    asset: record('1'),
    is: 'confirmed',
  },
  {
    title: 'an unknown vendor in the asset',
    criteria: record('1'),
    asset: 'cpe:2.3:a:*:product:1',
    is: 'possible',
    code: 'vendor_unknown',
  },
  {
    title: 'an unknown vendor in the asset and a pattern in the record',
    criteria: 'cpe:2.3:a:ven*:product:1:*:*:*:*:*:*:*',
    asset: 'cpe:2.3:a:*:product:1',
    is: 'possible',
    code: 'vendor_unknown',
  },
  {
    title: 'narrower in the vendor and wider in the product',
    criteria: 'cpe:2.3:a:vendor:*:1:*:*:*:*:*:*:*',
    asset: 'cpe:2.3:a:*:product:1',
    is: 'none',
  },
  { title: 'an asset that names no product', criteria: record('1'), asset: 'cpe:2.3:a:vendor:*:1', is: 'none' },
  { title: 'a criteria that is no name', criteria: 'cpe:2.3:a:vendor', asset: record('1'), is: 'none' },
  { title: 'a CPE 2.2 URI', criteria: record('1.0'), asset: 'cpe:/a:vendor:product:1.0', is: 'confirmed' },
]

for (const { title, criteria = record('*'), bounds = {}, asset, is, code } of rows) {
  test(`${title}: ${is}`, t => {
    const evaluation = evaluate(only(criteria, bounds), [asset])
    t.is(evaluation.confidence, is)
    if (is === 'none') return t.deepEqual(evaluation.matches, [])
    const [match] = evaluation.matches
    t.is(match?.criteria, criteria)
    t.deepEqual(match?.bounds, bounds)
    t.is(match?.confidence, is)
    if (code) t.is(match?.code, code)
  })
}

for (const [vendor, product, bound, version, is] of [
  ['siemens', 'wincc_firmware', 'V7.4 SP1', 'V7.4 Upd 9', 'confirmed'],
  ['juniper', 'junos', '17.4R2-S6', '17.4R2-S10', 'none'],
  ['juniper', 'junos', '17.4R2-S6', '17.4R2-S5', 'confirmed'],
  ['juniper', 'junos', '15.1R7', '15.1X49-D90', 'possible'],
  ['cisco', 'ios', '15.2\\(4\\)e7', '15.2\\(4\\)e3', 'confirmed'],
  ['cisco', 'ios', '15.2\\(4\\)e7', '15.2\\(4\\)s1', 'possible'],
  ['openssl', 'openssl', '1.0.2zb', '1.0.2za', 'confirmed'],
  ['minio', 'minio', 'RELEASE.2024-01-31T20-20-33Z', '2024-01-05t22-17-24z', 'confirmed'],
] as const) {
  test(`${vendor} ${product} ${version} before ${bound}: ${is}`, t => {
    const criteria = `cpe:2.3:o:${vendor}:${product}:*:*:*:*:*:*:*:*`
    const asset = `cpe:2.3:o:${vendor}:${product}:${version.replaceAll(' ', '_')}`
    t.is(evaluate(only(criteria, { versionEndExcluding: bound }), [asset]).confidence, is)
  })
}
