import { readFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { readCommand } from '../../examples/management/command-line.ts'
import { startTestKernel } from '../../kernel/testing/test-kernel.ts'

const page = (name: string) => readFile(path.join(import.meta.dirname, '..', '..', 'docs', name), 'utf8')

test('the guide for operators names every route there is for them, and no other', async t => {
  const env = { ADMIN_PANEL_ENABLED: 'true', PLATFORM_ADMIN_EMAIL_DOMAIN: 'monozu.example' }
  await using kernel = await startTestKernel({ env })
  const routes = kernel.kernel.catalogue.hosts.flatMap(({ mount }) => mount?.routes ?? [])
  const served = routes.filter(({ kind, route }) => kind === 'platform' && route.access === 'platform-admin')
  const guide = await page('admin.md')
  const named = [...guide.matchAll(/^\| `(GET|POST|PUT|PATCH|DELETE) (\/admin\/[^`?]*)`/gm)]
  t.deepEqual(
    named.map(([, method, route]) => `${method} /api/v1${route}`).sort(),
    served.map(({ method, path }) => `${method} ${path}`).sort(),
  )
})

test('the commands of Management in the guide are commands', async t => {
  const text = await page('operations.md')
  const lines = [...text.matchAll(/^npm run management -- (.*)$/gm)].map(([, line = '']) =>
    line.replace('<tenant id>', '01900000-0000-7000-8000-000000000000').split(' '),
  )
  t.is(lines.length, 6)
  for (const line of lines) t.is(readCommand(line, {})?.name, line[0] as 'list')
})
