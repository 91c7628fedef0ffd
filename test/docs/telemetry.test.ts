import { readFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { kernelSettings } from '../../config/schema.ts'
import { metricTable } from '../../kernel/telemetry/metric-table.ts'

const guide = await readFile(path.join(import.meta.dirname, '..', '..', 'docs', 'telemetry.md'), 'utf8')
const section = (title: string): string => {
  const start = guide.indexOf(`\n## ${title}\n`)
  const end = guide.indexOf('\n## ', start + 1)
  return guide.slice(start, end < 0 ? undefined : end)
}

test('the telemetry guide lists every metric of the kernel with its unit', t => {
  const [table = ''] = section('Metrics').split('Plugins add their own')
  const listed = [...table.matchAll(/^\| `([a-z0-9_.]+)` \| `([^`]+)` \|/gm)].map(([, name, unit]) => [name, unit])
  t.deepEqual(
    listed.sort(),
    Object.entries(metricTable)
      .map(([name, { unit }]) => [name, unit])
      .sort(),
  )
})

test('the telemetry guide lists every setting of telemetry', t => {
  const listed = [...section('Settings').matchAll(/`((?:OTEL|APPLICATIONINSIGHTS)_[A-Z_]+[A-Z])`/g)].map(
    ([, name]) => name,
  )
  const known = Object.keys(kernelSettings.shape).filter(name => /^(OTEL|APPLICATIONINSIGHTS)_/.test(name))
  t.deepEqual([...new Set(listed)].sort(), known.sort())
})

test('alerts are about metrics that exist', t => {
  const names = [...section('What to alert on').matchAll(/`((?:http|db|monozu|nodejs|process)\.[a-z0-9_.]+)`/g)]
  t.true(names.length > 10)
  for (const [, name = ''] of names) t.true(name in metricTable || name === 'monozu.cve_feed.feed_age', name)
})
