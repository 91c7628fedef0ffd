import { readFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { errorCodes } from '../../kernel/errors.ts'
import { startTestKernel } from '../../kernel/testing/test-kernel.ts'

const guide = await readFile(path.join(import.meta.dirname, '..', '..', 'docs', 'api.md'), 'utf8')

test('every route that the API guide names exists', async t => {
  await using kernel = await startTestKernel()
  const { paths } = (await kernel.anonymous.get('/openapi.json')).body
  const named = [...guide.matchAll(/`((?:(?:GET|POST|PUT|PATCH|DELETE) )+)(\/[a-z0-9/:_-]+)/g)]
  t.true(named.length > 20)
  for (const [, methods = '', route = ''] of named) {
    const whole = /^\/(api|internal)\//.test(route) ? route : `/api/v1${route}`
    const operations = paths[whole.replace(/:(\w+)/g, '{$1}')]
    for (const method of methods.trim().toLowerCase().split(' ')) t.truthy(operations?.[method], `${method} ${whole}`)
  }
})

test('the API guide lists every error code under its status', t => {
  const section = guide.slice(guide.indexOf('\n## Errors'), guide.indexOf('\n## Lists'))
  const listed = [...section.matchAll(/^\| (\d{3}) \|(.*)\|$/gm)].flatMap(([, status, codes = '']) =>
    [...codes.matchAll(/`([a-z_]+)`/g)].map(([, code]) => `${code} ${status}`),
  )
  t.deepEqual(
    listed.sort(),
    Object.entries(errorCodes)
      .map(([code, [status]]) => `${code} ${status}`)
      .sort(),
  )
})
