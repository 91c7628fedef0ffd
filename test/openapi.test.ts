import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { startTestKernel, type TestKernel } from '../kernel/testing/test-kernel.ts'

const folder = path.join(import.meta.dirname, 'snapshots')
const UPDATE = 'UPDATE_SNAPSHOTS=1 npx ava test/openapi.test.ts'

let kernel: TestKernel
test.before(async () => {
  kernel = await startTestKernel({ env: { ADMIN_PANEL_ENABLED: 'on', PLATFORM_ADMIN_EMAIL_DOMAIN: 'monozu.example' } })
})
test.after.always(() => kernel?.[Symbol.asyncDispose]())

/** The stored form of a document; with UPDATE_SNAPSHOTS it becomes what the document is now. */
function stored(name: string, current: unknown): unknown {
  const file = path.join(folder, name)
  if (process.env.UPDATE_SNAPSHOTS) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, `${JSON.stringify(current, null, 2)}\n`)
  }
  return JSON.parse(readFileSync(file, 'utf8'))
}

interface Operation {
  readonly operationId: string
  readonly summary: string
}

test('the API is the one that is documented; a change of it is a change of the snapshot', async t => {
  const { body } = await kernel.anonymous.get('/openapi.json')
  t.deepEqual(body, stored('openapi.json', body), `if this is meant: ${UPDATE}`)
})

test('the permissions are the ones that groups may hold; a change of them is a change of the snapshot', async t => {
  const { body } = await (await kernel.as('a')).get('/rbac/permissions')
  t.deepEqual(body, stored('permissions.json', body), `if this is meant: ${UPDATE}`)
})

test('every plugin that comes with the product runs', t => {
  const { catalogue } = kernel.kernel
  t.deepEqual(catalogue.broken, [])
  for (const { plugin, state } of catalogue.hosts) t.is(state, 'running', plugin.name)
})

test('what the document refers to is in it', async t => {
  const { body, text } = await kernel.anonymous.get('/openapi.json')
  for (const [, pointer = ''] of text.matchAll(/"\$ref":\s*"#\/([^"]*)"/g)) {
    const found = pointer.split('/').reduce<unknown>((at, name) => (at as Record<string, unknown>)?.[name], body)
    t.truthy(found, `#/${pointer}`)
  }
})

test('each operation has an id of its own and says what it is for', async t => {
  const { body } = await kernel.anonymous.get('/openapi.json')
  const paths: Record<string, Record<string, Operation>> = body.paths
  const operations = Object.values(paths).flatMap(methods => Object.values(methods))
  t.is(new Set(operations.map(({ operationId }) => operationId)).size, operations.length)
  for (const { operationId, summary } of operations) t.truthy(summary, operationId)
})

test.serial('the document is the same after plugins stopped and started again', async t => {
  const before = (await kernel.anonymous.get('/openapi.json')).text
  for (const features of [[], kernel.features]) {
    for (const tenant of ['a', 'b'] as const) await kernel.licence(tenant, features)
  }
  t.is((await kernel.anonymous.get('/openapi.json')).text, before)
})
