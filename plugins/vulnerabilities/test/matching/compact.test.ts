import test from 'ava'
import {
  assetKey,
  compileConfigurations,
  evaluate,
  evaluateCompact,
  expandConfigurations,
  lookupKeys,
  type NvdCpeMatch,
  parseName,
  productKeys,
} from '../../matching/cpe.ts'

const rest = '*:*:*:*:*:*'
const configurations = [
  {
    operator: 'AND',
    nodes: [
      {
        operator: 'OR',
        negate: false,
        cpeMatch: [
          {
            vulnerable: true,
            criteria: `cpe:2.3:o:juniper:junos:17.4:r2-s6:${rest}`,
            matchCriteriaId: '00000000-0000-0000-0000-000000000000',
          },
          {
            vulnerable: true,
            criteria: `cpe:2.3:o:juniper:junos:*:*:${rest}`,
            versionStartExcluding: '=1',
            versionEndIncluding: ']2',
          },
          { vulnerable: false, criteria: `cpe:2.3:o:juniper:junos:-:*:${rest}` },
          { vulnerable: true, criteria: `cpe:2.3:a:Apache:causeway:4.0.0-M1:*:*:*:*:maven:*:*` },
          { vulnerable: true, criteria: `cpe:2.3:a:v:colon\\:*:1\\(2\\):*:${rest}` },
          { vulnerable: true, criteria: 'cpe:2.3:a:broken' },
          {
            vulnerable: true,
            criteria: `cpe:2.3:h:supermicro:*:-:*:${rest}`,
            versionStartIncluding: '1',
            versionEndExcluding: '',
          },
        ],
      },
      {
        operator: 'AND',
        negate: true,
        cpeMatch: [{ vulnerable: false, criteria: `cpe:2.3:h:juniper:ex9200:-:*:${rest}` }],
      },
    ],
  },
  { negate: true, nodes: [] },
]

test('compiling and expanding gives back order, flags, bounds and the very text', t => {
  const compact = JSON.parse(JSON.stringify(compileConfigurations(configurations)))
  const [first, second] = expandConfigurations(compact)
  t.is(first?.operator, 'AND')
  t.deepEqual(second, { operator: 'OR', negate: true, nodes: [] })
  t.deepEqual(
    first?.nodes?.map(node => [node.operator, node.negate]),
    [
      ['OR', false],
      ['AND', true],
    ],
  )
  const withoutId = ({ matchCriteriaId: _, ...match }: NvdCpeMatch & { matchCriteriaId?: string }) => match
  t.deepEqual(
    first?.nodes?.map(node => node.cpeMatch),
    configurations[0]?.nodes.map(node => node.cpeMatch.map(withoutId)),
  )
})

test('criteria of one product share its key, and matchCriteriaId is gone', t => {
  const cpeMatch = ['1.0', '1.1', '1.2'].map(version => ({
    vulnerable: true,
    criteria: `cpe:2.3:a:sun:jre:${version}:update1:${rest}`,
    matchCriteriaId: '00000000-0000-0000-0000-000000000000',
  }))
  t.deepEqual(compileConfigurations([{ nodes: [{ operator: 'OR', negate: false, cpeMatch }] }]), [
    { d: [{ g: [['a:sun:jre', 1, '1.0:update1', '1.1:update1', '1.2:update1']] }] },
  ])
})

test('the compact form decides as the original does', t => {
  const asset = parseName(`cpe:2.3:o:juniper:junos:17.4:r2-s6:${rest}`)
  const compact = JSON.parse(JSON.stringify(compileConfigurations(configurations)))
  t.deepEqual(evaluateCompact(compact, [asset]), evaluate(configurations, [asset.text]))
  t.not(evaluateCompact(compact, [asset]).confidence, 'none')
})

test('product keys are those of vulnerable criteria, wildcards widened to *', t => {
  t.deepEqual([...productKeys(compileConfigurations(configurations))].sort(), [
    'a:apache:causeway',
    'a:v:*',
    'h:supermicro:*',
    'o:juniper:junos',
  ])
})

test('product keys of one criteria', t => {
  t.deepEqual([...productKeys(`cpe:2.3:a:wpgeodirectory:events_calendar*:*:*:${rest}`)], ['a:wpgeodirectory:*'])
  t.deepEqual([...productKeys('no name')], [])
})

test('every criteria that can match an asset is found by its lookup keys', t => {
  const asset = 'cpe:2.3:a:v:product:1.0'
  t.is(assetKey(asset), 'a:v:product')
  for (const product of ['a:v:product', 'a:v:*', 'a:*:product', 'a:v:prod*', '*:v:product', 'a:*:*', '*:*:*']) {
    const criteria = `cpe:2.3:${product}:1.0:*:${rest}`
    const nvd = [{ nodes: [{ cpeMatch: [{ vulnerable: true, criteria }] }] }]
    t.is(evaluate(nvd, [asset]).confidence, 'confirmed', product)
    t.true(
      lookupKeys(asset).some(key => productKeys(criteria).has(key)),
      product,
    )
  }
})
