import { existsSync, readFileSync } from 'node:fs'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import test from 'ava'
import {
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
      const vulnerable = criteria.filter(match => match.vulnerable)
      const keys = productKeys(compact)
      if ((keys.size === 0) !== (vulnerable.length === 0))
        t.fail(`${id} has ${vulnerable.length} and ${keys.size} keys`)
      for (const match of criteria) parseName(match.criteria)
      const [first] = vulnerable
      if (!first) {
        t.is(
          evaluateCompact(
            compact,
            criteria.map(match => parseName(match.criteria)),
          ).confidence,
          'none',
          id,
        )
        continue
      }
      const version = first.versionStartIncluding ?? first.versionEndIncluding
      const name = parseName(first.criteria)
      const asset = version === undefined ? name : withVersion(name.values, version)
      if (asset) t.not(evaluateCompact(compact, [asset]).confidence, 'none', `${id} ${asset.text}`)
    }
    t.true(count > 1_000)
  })
}

// The name with a bound as its version; undefined where the product itself is a pattern.
function withVersion(values: readonly string[], version: string) {
  const quoted = version.replace(/\\(.)/g, '$1').replace(/[^a-z0-9._-]/gi, sign => `\\${sign}`)
  if (/\s/.test(quoted) || values.slice(0, 3).some(value => /[*?]$/.test(value))) return undefined
  return parseName(`cpe:2.3:${[...values.slice(0, 3), quoted, ...values.slice(4)].join(':')}`)
}
