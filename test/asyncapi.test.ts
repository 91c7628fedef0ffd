import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { startTestKernel, type TestKernel } from '../kernel/testing/test-kernel.ts'

const file = path.join(import.meta.dirname, 'snapshots', 'asyncapi.json')
const UPDATE = 'UPDATE_SNAPSHOTS=1 npx ava test/asyncapi.test.ts'

let kernel: TestKernel
test.before(async () => {
  kernel = await startTestKernel()
})
test.after.always(() => kernel?.[Symbol.asyncDispose]())

test('the channels are the ones that are documented; a change of them is a change of the snapshot', async t => {
  const { body } = await kernel.anonymous.get('/asyncapi.json')
  if (process.env.UPDATE_SNAPSHOTS) {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, `${JSON.stringify(body, null, 2)}\n`)
  }
  t.deepEqual(body, JSON.parse(readFileSync(file, 'utf8')), `if this is meant: ${UPDATE}`)
})

test('what the document refers to is in it', async t => {
  const { body, text } = await kernel.anonymous.get('/asyncapi.json')
  const pointers = [...text.matchAll(/"\$ref":\s*"#\/([^"]*)"/g)]
  t.true(pointers.length > 0)
  for (const [, pointer = ''] of pointers) {
    const found = pointer
      .split('/')
      .map(name => name.replaceAll('~1', '/').replaceAll('~0', '~'))
      .reduce<unknown>((at, name) => (at as Record<string, unknown>)?.[name], body)
    t.truthy(found, `#/${pointer}`)
  }
})
