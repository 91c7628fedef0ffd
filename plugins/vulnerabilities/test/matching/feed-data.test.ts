import { existsSync, readFileSync } from 'node:fs'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import test from 'ava'
import {
  type CpeName,
  compileConfigurations,
  evaluateCompact,
  expandConfigurations,
  type NvdConfiguration,
  type NvdCpeMatch,
  parseName,
  productKeys,
} from '../../matching/cpe.ts'

// Real feeds beside the project; they are not part of it, so the tests are left out where the folder is absent.
const folder = new URL('../../../../../shared/data/nvd/', import.meta.url)
const files = [
  'edge-cases/nvd20_edge_cases.json.gz',
  'yearly/nvdcve-2.0-2026.json.br',
  'yearly/nvdcve-2.0-2003.json.br',
]

interface Feed {
  readonly vulnerabilities: readonly {
    readonly cve: { readonly id: string; readonly configurations?: NvdConfiguration[] }
  }[]
}

function read(file: string) {
  const packed = readFileSync(new URL(file, folder))
  const text = file.endsWith('.br') ? brotliDecompressSync(packed) : gunzipSync(packed)
  const feed = JSON.parse(text.toString()) as Feed
  return feed.vulnerabilities.map(({ cve }) => ({ id: cve.id, configurations: cve.configurations ?? [] }))
}

const criteriaIn = (configurations: readonly NvdConfiguration[]): NvdCpeMatch[] =>
  configurations.flatMap(({ nodes = [] }) => nodes.flatMap(({ cpeMatch = [] }) => cpeMatch))

const facts = ({ vulnerable, criteria, ...rest }: NvdCpeMatch) => [
  vulnerable,
  criteria,
  rest.versionStartIncluding,
  rest.versionStartExcluding,
  rest.versionEndIncluding,
  rest.versionEndExcluding,
]

for (const file of files) {
  const present = existsSync(new URL(file, folder))
  const title = `${file}: every criteria parses, survives the compact form, and matches an asset made of it`
  const run = present ? test : test.skip
  run(present ? title : `${title} (left out: ../shared/data is absent)`, t => {
    let count = 0
    for (const { id, configurations } of read(file)) {
      const criteria = criteriaIn(configurations)
      count += criteria.length
      const compact = JSON.parse(JSON.stringify(compileConfigurations(configurations)))
      t.deepEqual(criteriaIn(expandConfigurations(compact)).map(facts), criteria.map(facts), id)
      t.is(
        productKeys(compact).size > 0,
        criteria.some(match => match.vulnerable),
        id,
      )
      for (const match of criteria) parseName(match.criteria)
      for (const configuration of configurations) {
        const assets = namesFor(configuration)
        const { confidence } = evaluateCompact(compileConfigurations([configuration]), assets)
        const affected = criteriaIn([configuration]).some(match => match.vulnerable) && assets.length > 0
        if ((confidence === 'none') === affected) t.fail(`${id}: ${confidence} for ${assets.map(asset => asset.text)}`)
      }
    }
    t.true(count > 1_000)
  })
}

// An asset that holds what every node asks for; empty where a node names a product by a pattern only.
function namesFor({ nodes = [] }: NvdConfiguration): CpeName[] {
  const chosen = nodes.flatMap(({ operator, cpeMatch = [] }) => {
    const first = cpeMatch.find(match => match.vulnerable) ?? cpeMatch[0]
    return operator === 'AND' ? cpeMatch : first ? [first] : []
  })
  const names = chosen.map(match =>
    withVersion(parseName(match.criteria), match.versionStartIncluding ?? match.versionEndIncluding),
  )
  return names.every(name => name !== undefined) ? names : []
}

function withVersion({ values }: CpeName, version: string | undefined): CpeName | undefined {
  if (values.slice(0, 3).some(value => /[*?]$/.test(value))) return undefined
  const quoted = version?.replace(/\\(.)/g, '$1').replace(/[^a-z0-9._-]/gi, sign => `\\${sign}`) ?? values[3]
  if (/\s/.test(quoted ?? '')) return undefined
  return parseName(`cpe:2.3:${[...values.slice(0, 3), quoted, ...values.slice(4)].join(':')}`)
}
