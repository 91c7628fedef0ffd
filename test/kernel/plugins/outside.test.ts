import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { refusal } from '../http/echo.ts'
import { temporaryFolder } from '../testing/bare-kernel.ts'

/** Writes files below a folder outside the checkout. */
function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
}

const wells = {
  'wells/plugin.ts': `
import path from 'node:path'
import { siteDirectory } from 'monozu-cloud-backend/plugins/sites'
import { definePlugin, newId, problem } from 'monozu-cloud-backend/contract'
import { integer } from 'monozu-cloud-backend/setting'
import { z } from 'zod'

export default definePlugin({
  name: 'wells',
  version: '1.0.0',
  title: 'Wells',
  segments: ['wells'],
  permissions: { 'wells:read': 'View wells' },
  config: z.object({ WELLS_DEPTH: integer(1, 100, 'How deep.').default(7) }),
  uses: { sites: siteDirectory },
  migrations: path.join(import.meta.dirname, 'migrations'),
  setup(kit) {
    kit.route('GET /wells', {
      summary: 'Wells',
      permission: 'wells:read',
      returns: z.object({ depth: z.number(), wells: z.array(z.string()) }),
      async handle(_input, { call }) {
        await call.db.transaction(async () => void (await call.db.table('wells').insert({ id: newId(), created_at: call.now(), name: 'one' })))
        return { depth: kit.config.WELLS_DEPTH, wells: await call.db.table('wells').pluck('name') }
      },
    })
    kit.route('DELETE /wells/:id', {
      summary: 'Fails',
      permission: 'wells:read',
      handle() {
        throw problem('conflict', 'There is water in it.')
      },
    })
  },
})
`,
  'wells/migrations/V1__wells.ts': `
import { migration } from 'monozu-cloud-backend/migration'

export default migration(schema => {
  schema.tenantTable('wells', table => {
    table.string('name', 100)
  })
})
`,
}

test('a plugin in a folder outside the checkout imports the kernel by name', async t => {
  const folder = temporaryFolder(t)
  write(folder, wells)
  await using house = await startTestKernel({ env: { PLUGIN_DIRS: folder, WELLS_DEPTH: '12' } })
  t.is(house.kernel.catalogue.byName('wells')?.state, 'running')
  const user = await house.as('a')
  t.deepEqual((await user.get('/wells')).body, { depth: 12, wells: ['one'] })
  const refused = await user.delete('/wells/01900000-0000-7000-8000-000000000000')
  t.is(refusal(refused), '409 conflict', 'its errors are those of this kernel')
})

test('so does a package, though another copy lies beside it', async t => {
  const folder = temporaryFolder(t)
  write(folder, {
    'node_modules/pits/index.js': `
      import { definePlugin, problem } from 'monozu-cloud-backend/contract'
      export default definePlugin({
        name: 'pits', version: '1.0.0', title: 'Pits', segments: ['pits'],
        setup(kit) {
          kit.platformRoute('GET /pits', { summary: 's', access: 'public', handle() { throw problem('conflict') } })
        },
      })`,
    'node_modules/pits/package.json': '{ "name": "pits", "type": "module" }',
    'node_modules/monozu-cloud-backend/package.json':
      '{ "name": "monozu-cloud-backend", "type": "module", "exports": { "./contract": "./contract.js" } }',
    'node_modules/monozu-cloud-backend/contract.js': 'throw new Error("another copy")',
  })
  const PLUGIN_PACKAGES = pathToFileURL(path.join(folder, 'node_modules/pits/index.js')).href
  await using house = await startTestKernel({ env: { PLUGIN_PACKAGES } })
  t.is(refusal(await house.anonymous.get('/pits')), '409 conflict')
})

test('what is not exported cannot be imported by name, and the server says so', async t => {
  const folder = temporaryFolder(t)
  write(folder, { 'prying/plugin.ts': "import 'monozu-cloud-backend/kernel/kernel.ts'\nexport default {}" })
  await using house = await startTestKernel({ env: { PLUGIN_DIRS: folder } })
  const found = house.kernel.catalogue.summary().find(({ name }) => name.includes('prying'))
  t.is(found?.state, 'rejected')
  t.regex(String(found?.reason), /'.\/kernel\/kernel.ts' is not defined by "exports"/)
})

test('with the checkout linked, a test outside runs the plugin', t => {
  const folder = temporaryFolder(t)
  mkdirSync(path.join(folder, 'node_modules'))
  symlinkSync(path.resolve('.'), path.join(folder, 'node_modules/monozu-cloud-backend'))
  write(folder, {
    ...wells,
    'try.ts': `
      import { startTestKernel } from 'monozu-cloud-backend/testing'
      await using t = await startTestKernel({ env: { PLUGIN_DIRS: import.meta.dirname } })
      const { body } = await (await t.as('a')).get('/wells')
      process.stdout.write(JSON.stringify(body))`,
  })
  const printed = execFileSync(process.execPath, [path.join(folder, 'try.ts')], { encoding: 'utf8' })
  t.deepEqual(JSON.parse(printed), { depth: 7, wells: ['one'] })
})
