import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type AnyPlugin, definePlugin, serviceRef } from '../../../kernel/contract.ts'
import { discover, withoutClashes } from '../../../kernel/plugins/discover.ts'
import { Client } from '../../../kernel/testing/client.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { bareKernel, temporaryFolder } from '../testing/bare-kernel.ts'

const CONTRACT = path.resolve('kernel/contract.ts')

/** A folder with a plugin.ts of this source for each name. */
function pluginsIn(t: ExecutionContext, sources: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder(t)
  for (const [name, source] of Object.entries(sources)) {
    mkdirSync(path.join(folder, name))
    writeFileSync(path.join(folder, name, 'plugin.ts'), source)
  }
  return folder
}

const source = (name: string, more = ''): string => `
import { definePlugin } from '${CONTRACT}'

export default definePlugin({
  name: '${name}',
  version: '1.0.0',
  title: 'From a folder',
  segments: ['${name}'],
  setup(kit) {
    kit.platformRoute('GET /${name}', { summary: 's', access: 'public', handle: () => undefined })
  },
  ${more}
})
`

test('plugins are found in folders, in the order of their names; other things there are passed over', async t => {
  const folder = pluginsIn(t, { second: source('second'), first: source('first') })
  mkdirSync(path.join(folder, 'no-plugin'))
  writeFileSync(path.join(folder, 'plugin.ts'), 'not in a folder of its own')
  const { found, rejected } = await discover([folder], [])
  t.deepEqual(
    found.map(({ plugin }) => plugin.name),
    ['first', 'second'],
  )
  t.deepEqual(rejected, [])
})

test('a plugin of a folder in PLUGIN_DIRS serves requests', async t => {
  const folder = pluginsIn(t, { extra: source('extra') })
  await using house = await startTestKernel({ env: { PLUGIN_DIRS: folder } })
  t.is(house.kernel.catalogue.byName('extra')?.state, 'running')
  t.is((await house.anonymous.get('/extra')).status, 204)
})

test('a plugin that cannot be loaded is reported with the reason, and the others run', async t => {
  const folder = pluginsIn(t, {
    fine: source('fine'),
    enum: 'enum Colour { red }\nexport default { name: Colour.red }',
    'no-default': 'export const plugin = 1',
    nothing: 'export default null',
    throws: "throw new Error('at import')",
    syntax: 'export default {',
    shapeless: "export default { name: 'Not Kebab', version: '1', title: '', segments: ['a/b'], setup: 1 }",
    permission: source('permission', "permissions: { everything: 'x' },"),
    offer: source('offer', "offers: { missing: { id: 'offer.thing' } },"),
    notice: source('notice', "notices: { 'alert-raised': { title: ' ', mail: true } },"),
    kinds: source('kinds', "notices: { Alert: { title: 'Alert', mail: true } },"),
    long: source('long', `notices: { '${'x'.repeat(96)}': { title: 'Alert', mail: true } },`),
  })
  const { found, rejected } = await discover([folder], ['no-such-package-as-this'])
  t.deepEqual(
    found.map(({ plugin }) => plugin.name),
    ['fine'],
  )
  const reasons = new Map(
    rejected.map(({ source: from, reason }) => [path.basename(path.dirname(from)) || from, reason]),
  )
  const reasonOf = (name: string): string => reasons.get(name) ?? ''
  t.regex(reasonOf('enum'), /Only types that can be erased are allowed: no enum/)
  t.is(reasonOf('no-default'), 'has no default export made by definePlugin()')
  t.is(reasonOf('nothing'), 'has no default export made by definePlugin()')
  t.is(reasonOf('throws'), 'at import')
  t.truthy(reasonOf('syntax'))
  for (const part of [
    /name must be kebab-case/,
    /version must be a version/,
    /title/,
    /segments\.0 must be a path segment/,
    /setup/,
  ]) {
    t.regex(reasonOf('shapeless'), part)
  }
  t.regex(reasonOf('permission'), /permissions\.everything/)
  t.regex(reasonOf('offer'), /offers\.missing is not one of its services/)
  t.regex(reasonOf('notice'), /notices\.alert-raised\.title must be a line that says what it tells of/)
  t.regex(reasonOf('kinds'), /notices\.Alert must be kebab-case/)
  t.regex(reasonOf('long'), /notices\.x+ is too long: at most 100 characters, with its name/)
  t.regex(rejected.at(-1)?.reason ?? '', /no-such-package-as-this/)
  t.is(rejected.length, 12)
})

test('a folder that cannot be read ends the start with a sentence', async t => {
  const made = bareKernel(t, { settings: { PLUGIN_DIRS: '/no/such/folder' }, folder: temporaryFolder(t) })
  await t.throwsAsync(made, { message: 'plugin folder /no/such/folder cannot be read; check PLUGIN_DIRS' })
})

const named = (name: string, more: object = {}): AnyPlugin =>
  definePlugin({
    name,
    version: '1.0.0',
    title: name,
    segments: [],
    setup: () => undefined,
    ...more,
  }) as unknown as AnyPlugin

test('what two plugins claim stays with the first', t => {
  const ref = serviceRef<object>('one.thing')
  class Thing {}
  const one = named('one', {
    segments: ['shared'],
    permissions: { 'shared:read': 'x' },
    offers: { thing: ref },
    services: { thing: Thing },
  })
  const clashes: readonly [AnyPlugin, string][] = [
    [named('one'), 'name "one" already belongs to 0'],
    [named('two', { segments: ['own', 'shared'] }), 'segment "shared" already belongs to 0'],
    [named('three', { permissions: { 'shared:read': 'y' } }), 'permission "shared:read" already belongs to 0'],
    [named('four', { offers: { other: ref }, services: { other: Thing } }), 'service "one.thing" already belongs to 0'],
  ]
  const all = [one, ...clashes.map(([plugin]) => plugin), named('five', { segments: ['own'] })]
  const { found, rejected } = withoutClashes(all.map((plugin, index) => ({ source: String(index), plugin })))
  t.deepEqual(
    found.map(({ plugin }) => plugin),
    [one, all.at(-1)],
  )
  t.deepEqual(
    rejected.map(({ reason }) => reason),
    clashes.map(([, reason]) => reason),
  )
})

test('a plugin cannot take what belongs to the kernel', async t => {
  const kernel = await bareKernel(t, { plugins: [named('grabber', { segments: ['auth'] })] })
  await kernel.start()
  const { body } = await new Client(kernel.app, { 'x-internal-token': kernel.runtime.internalToken }).get(
    '/health/ready',
  )
  t.deepEqual(body, { status: 'degraded', problems: { grabber: 'segment "auth" already belongs to kernel' } })
  t.is(kernel.catalogue.owner('auth')?.plugin.name, 'access')
  await kernel.stop()
})

test('PLUGINS_DISABLED leaves a plugin out as if it were not there', async t => {
  await using house = await startTestKernel({ env: { PLUGINS_DISABLED: 'sites' } })
  const user = await house.as('a')
  t.is((await user.get('/sites')).status, 404)
  const { body } = await user.get('/rbac/permissions')
  t.false(body.items.some(({ plugin }: { plugin: string }) => plugin === 'sites'))
  t.false(Object.keys((await user.get('/openapi.json')).body.paths).includes('/api/v1/sites'))
})
