import test from 'ava'
import {
  type Confidence,
  CpeNameError,
  evaluate,
  MAX_MATCHES,
  type NvdCpeMatch,
  type NvdNode,
} from '../../matching/cpe.ts'

const name = (text: string) => `cpe:2.3:${text}${':*'.repeat(11 - text.split(':').length)}`
const yes = (text: string, end?: string): NvdCpeMatch => ({
  vulnerable: true,
  criteria: name(text),
  ...(end === undefined ? {} : { versionEndExcluding: end }),
})
const runsOn = (text: string): NvdCpeMatch => ({ ...yes(text), vulnerable: false })
const anyOf = (...cpeMatch: NvdCpeMatch[]): NvdNode => ({ operator: 'OR', negate: false, cpeMatch })
const allOf = (...cpeMatch: NvdCpeMatch[]): NvdNode => ({ operator: 'AND', negate: false, cpeMatch })
const not = (node: NvdNode): NvdNode => ({ ...node, negate: true })
const or = (...nodes: NvdNode[]) => [{ nodes }]
const and = (...nodes: NvdNode[]) => [{ operator: 'AND', nodes }]

const firmware = yes('o:siemens:s7_firmware', '4.5')
const hardware = runsOn('h:siemens:s7:-')
const s7 = name('h:siemens:s7:-')
const old = name('o:siemens:s7_firmware:4.2')
const fixed = name('o:siemens:s7_firmware:4.5')
const ot = and(anyOf(firmware), anyOf(hardware))
const plugin = yes('a:acme:plugin', '2.0')
const onWindows = and(anyOf(plugin), anyOf(runsOn('o:microsoft:windows:-')))
const both = and(anyOf(firmware), anyOf(yes('h:siemens:s7:-')))
const notOnWindows = and(anyOf(plugin), not(anyOf(runsOn('o:microsoft:windows:-'))))

const cases: readonly (readonly [string, Parameters<typeof evaluate>[0], readonly string[], Confidence])[] = [
  ['firmware and hardware present', ot, [old, s7], 'confirmed'],
  ['order of the names does not matter', ot, [s7, old], 'confirmed'],
  ['firmware fixed', ot, [fixed, s7], 'none'],
  ['firmware of unknown version', ot, [name('o:siemens:s7_firmware'), s7], 'possible'],
  ['hardware not in the inventory', ot, [old], 'possible'],
  ['hardware known and different', ot, [old, name('h:siemens:et200:-')], 'none'],
  ['hardware known, its version not', ot, [old, name('h:siemens:s7')], 'possible'],
  ['hardware alone', ot, [s7], 'none'],
  ['nothing in the inventory', ot, [], 'none'],
  ['another asset altogether', ot, [name('a:apache:http_server:2.4.1')], 'none'],

  [
    'application on a named member of the family',
    onWindows,
    [name('a:acme:plugin:1.0'), name('o:microsoft:windows_10:1809')],
    'confirmed',
  ],
  ['application on another system', onWindows, [name('a:acme:plugin:1.0'), name('o:linux:linux_kernel:5.4')], 'none'],
  ['application on no known system', onWindows, [name('a:acme:plugin:1.0'), name('h:dell:r640:-')], 'possible'],
  ['a platform is never vulnerable itself', onWindows, [name('o:microsoft:windows:-')], 'none'],
  [
    'an application platform that is not listed',
    and(anyOf(plugin), anyOf(runsOn('a:acme:host'))),
    [name('a:acme:plugin:1.0'), name('a:mozilla:firefox:1')],
    'possible',
  ],
  [
    'an application platform in another version',
    and(anyOf(plugin), anyOf(runsOn('a:acme:host:3'))),
    [name('a:acme:plugin:1.0'), name('a:acme:host:4')],
    'none',
  ],
  [
    'a platform in any version needs no version',
    and(anyOf(plugin), anyOf(runsOn('a:acme:host'))),
    [name('a:acme:plugin:1.0'), name('a:acme:host')],
    'confirmed',
  ],
  [
    'the firmware does not count as another operating system',
    and(anyOf(firmware), anyOf(runsOn('o:windriver:vxworks:-'))),
    [old],
    'possible',
  ],

  ['both flagged, both present', both, [old, s7], 'confirmed'],
  ['both flagged, hardware not listed', both, [old], 'possible'],
  ['both flagged, firmware not listed', both, [s7], 'possible'],
  ['both flagged, firmware fixed', both, [fixed, s7], 'none'],

  ['no criterion is vulnerable', and(anyOf(hardware), anyOf(runsOn('o:siemens:s7_firmware:4.2'))), [old, s7], 'none'],
  ['only platforms in an OR', or(anyOf(hardware)), [s7], 'none'],
  ['a mixed node, platform only', or(anyOf(plugin, hardware)), [s7], 'none'],
  ['a mixed node, product', or(anyOf(plugin, hardware)), [name('a:acme:plugin:1.0'), s7], 'confirmed'],
  ['a mixed node is as sure as its evidence', or(anyOf(plugin, hardware)), [name('a:acme:plugin'), s7], 'possible'],

  ['nodes of an OR, the second', or(anyOf(plugin), anyOf(firmware)), [old], 'confirmed'],
  ['configurations, the second', [...onWindows, ...ot], [old, s7], 'confirmed'],
  ['configurations, the surest', [...ot, { nodes: [anyOf(yes('o:siemens:s7_firmware:4.2'))] }], [old], 'confirmed'],

  ['node AND, both', or(allOf(firmware, hardware)), [old, s7], 'confirmed'],
  ['node AND, one not listed', or(allOf(firmware, hardware)), [old], 'possible'],
  ['node AND, one different', or(allOf(firmware, hardware)), [old, name('h:siemens:et200:-')], 'none'],
  ['node AND, only the platform', or(allOf(firmware, hardware)), [s7], 'none'],
  [
    'three nodes',
    and(anyOf(firmware), anyOf(hardware), anyOf(plugin)),
    [old, s7, name('a:acme:plugin:1')],
    'confirmed',
  ],
  [
    'three nodes, one fixed',
    and(anyOf(firmware), anyOf(hardware), anyOf(plugin)),
    [old, s7, name('a:acme:plugin:2')],
    'none',
  ],
  ['an AND of one node', and(anyOf(firmware)), [old], 'confirmed'],
  ['an empty node', or({ operator: 'OR', cpeMatch: [] }), [old], 'none'],
  ['an AND with an empty node', and(anyOf(firmware), { operator: 'OR', cpeMatch: [] }), [old], 'none'],
  ['no nodes', [{ operator: 'AND' }], [old], 'none'],
  ['no configurations', [], [old], 'none'],

  ['negated platform, present', notOnWindows, [name('a:acme:plugin:1'), name('o:microsoft:windows:-')], 'none'],
  [
    'negated platform, another one',
    notOnWindows,
    [name('a:acme:plugin:1'), name('o:linux:linux_kernel:5')],
    'confirmed',
  ],
  ['negated platform, not known', notOnWindows, [name('a:acme:plugin:1')], 'possible'],
  ['a negated node alone finds nothing', or(not(anyOf(firmware))), [fixed], 'none'],
  ['a negated configuration that matches', [{ negate: true, nodes: [anyOf(firmware)] }], [old], 'none'],
  ['a negated configuration that does not', [{ negate: true, nodes: [anyOf(firmware)] }], [fixed], 'none'],
  ['twice negated', [{ negate: true, nodes: [not(anyOf(firmware))] }], [old], 'confirmed'],
  [
    'twice negated, OR becomes AND',
    [{ negate: true, nodes: [not(anyOf(firmware)), not(anyOf(hardware))] }],
    [old, s7],
    'confirmed',
  ],
  [
    'negated AND node: one of its platforms is enough to be absent',
    and(anyOf(plugin), not(allOf(runsOn('o:microsoft:windows:-'), runsOn('h:dell:r640:-')))),
    [name('a:acme:plugin:1'), name('o:microsoft:windows:-'), name('h:hp:dl380:-')],
    'confirmed',
  ],
]

for (const [title, configurations, assets, expected] of cases) {
  test(`${title}: ${expected}`, t => {
    t.is(evaluate(configurations, assets).confidence, expected)
  })
}

test('the answer names each deciding criterion with its place, bounds, name and reason', t => {
  t.deepEqual(evaluate([...onWindows, ...ot], [old, s7]).matches, [
    {
      criteria: firmware.criteria,
      bounds: { versionEndExcluding: '4.5' },
      assetCpe: old,
      vulnerable: true,
      confidence: 'confirmed',
      configuration: 1,
      node: 0,
      code: 'version_in_range',
      reason: 'The version lies within the bounds of the record.',
    },
    {
      criteria: hardware.criteria,
      bounds: {},
      assetCpe: s7,
      vulnerable: false,
      confidence: 'confirmed',
      configuration: 1,
      node: 1,
      code: 'no_version',
      reason: 'Neither the record nor the asset carries a version.',
    },
  ])
})

test('a missing platform is named, without an asset name', t => {
  const [, platform] = evaluate(ot, [old]).matches
  t.is(platform?.criteria, hardware.criteria)
  t.is(platform?.assetCpe, undefined)
  t.is(platform?.code, 'platform_unknown')
})

test('a platform the record excludes, and the asset is known not to be, is named', t => {
  const { matches } = evaluate(notOnWindows, [name('a:acme:plugin:1'), name('o:linux:linux_kernel:5')])
  t.deepEqual(
    matches.map(match => match.code),
    ['version_in_range', 'not_excluded'],
  )
})

test('of overlapping criteria only the surest is listed', t => {
  const criteria = [yes('o:siemens:s7_firmware:4.2:sp1'), yes('o:siemens:s7_firmware:4.2'), firmware]
  const { matches } = evaluate(or(anyOf(...criteria)), [old])
  t.deepEqual(
    matches.map(match => match.criteria),
    [name('o:siemens:s7_firmware:4.2')],
  )
})

test('the list of criteria is bounded', t => {
  const many = Array.from({ length: 200 }, (_, at) => ({ nodes: [anyOf(firmware), anyOf(yes(`o:siemens:s${at}`))] }))
  const { confidence, matches } = evaluate(many, [old])
  t.is(confidence, 'confirmed')
  t.is(matches.length, MAX_MATCHES)
})

test('a malformed asset name is refused', t => {
  t.throws(() => evaluate(ot, ['siemens s7']), { instanceOf: CpeNameError })
})
