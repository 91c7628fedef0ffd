import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'
import type { Comparison } from '../comparison.ts'

const script = fileURLToPath(new URL('../compare.ts', import.meta.url))

test('a comparison runs from start to end and nothing fails in it', async t => {
  const args = [
    '--peers',
    'none',
    '--cases',
    'create',
    '--rounds',
    '1',
    '--seconds',
    '1',
    '--connections',
    '2',
    '--json',
  ]
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args])
  const { comparisons } = JSON.parse(stdout) as { comparisons: Comparison[] }
  t.deepEqual(
    comparisons.map(({ title, baseline }) => ({ title, baseline })),
    [{ title: 'POST /assets', baseline: 'Koa + Knex' }],
  )
  for (const row of comparisons[0]?.rows ?? []) {
    t.true(row.requests > 0)
    t.is(row.failures, 0)
    t.true((row.cpuPerRequest ?? 1) > 0)
  }
  t.is(comparisons[0]?.rows.length, 2)
})
