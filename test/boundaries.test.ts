import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'

const root = path.join(import.meta.dirname, '..')
const IMPORT = /(?:^|[^\w.])(?:import|export)\s(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g
/** A template string can build an import that nobody can check. */
const BUILT = /\bimport\(\s*`/

interface SourceFile {
  /** From the root of the project. */
  readonly file: string
  readonly text: string
  /** What it imports: files from the root of the project, and packages as they are named. */
  readonly imports: readonly string[]
}

/** Every TypeScript file below a folder. */
function filesIn(folder: string): SourceFile[] {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.includes('node_modules'))
    .map(entry => {
      const whole = path.join(entry.parentPath, entry.name)
      const file = path.relative(root, whole)
      const text = readFileSync(whole, 'utf8')
      const imports = [...text.matchAll(IMPORT)].map(([, from, dynamic]) => {
        const name = from ?? dynamic ?? ''
        return name.startsWith('.') ? path.relative(root, path.resolve(path.dirname(whole), name)) : name
      })
      return { file, text, imports }
    })
}

/** Imports that break a rule, as `file -> import`. */
const violations = (files: readonly SourceFile[], allowed: (from: SourceFile, to: string) => boolean): string[] =>
  files.flatMap(from => from.imports.filter(to => !allowed(from, to)).map(to => `${from.file} -> ${to}`))

const isOurs = (to: string): boolean => /^(kernel|plugins|db|config|test|bench|scripts|examples)\//.test(to)
const isTest = ({ file }: SourceFile): boolean => /(^|\/)test\//.test(file)
const pluginOf = (file: string): string => /^(plugins\/[^/]+|examples\/[^/]+)\//.exec(file)?.[1] ?? ''

/** Tests of plugins that put a database or a kernel together by themselves, because kernel/testing has no such one. */
const builtByHand = ['plugins/cve-feed/test/feed-house.ts', 'plugins/vulnerabilities/test/scene.ts']

test('imports are found in each way of writing them', t => {
  const text = `import a from './a.ts'
import type { B } from './b.ts'
import {
  c,
  d,
} from './c.ts'
import './e.ts'
export { f } from './f.ts'
export * from './g.ts'
const h = await import('./h.ts')
type I = import('./i.ts').I`
  const found = [...text.matchAll(IMPORT)].map(([, from, dynamic]) => from ?? dynamic)
  t.deepEqual(
    found,
    ['a', 'b', 'c', 'e', 'f', 'g', 'h', 'i'].map(name => `./${name}.ts`),
  )
})

test('the kernel knows no plugin', t => {
  const kernel = filesIn('kernel')
  t.true(kernel.length > 100)
  t.deepEqual(
    violations(kernel, (_from, to) => !/^(plugins|examples|test|bench|scripts)\//.test(to)),
    [],
  )
})

test('the kernel is not built on its tests: only kernel/testing imports kernel/testing', t => {
  const kernel = filesIn('kernel').filter(({ file }) => !file.startsWith('kernel/testing/'))
  t.deepEqual(
    violations(kernel, (_from, to) => !to.startsWith('kernel/testing/') && to !== 'ava'),
    [],
  )
})

test('a plugin imports the contract, the builders of settings, its own files, what other plugins publish, and packages', t => {
  const plugins = [...filesIn('plugins'), ...filesIn('examples')].filter(file => !isTest(file))
  t.true(plugins.length > 50)
  const allowed = ({ file }: SourceFile, to: string): boolean => {
    if (!isOurs(to)) return true
    if (to.startsWith(`${pluginOf(file)}/`)) return !to.includes('/test/')
    if (/^plugins\/[^/]+\/public\.ts$/.test(to)) return true
    if (file.includes('/migrations/')) return to === 'db/migration.ts'
    return to === 'kernel/contract.ts' || to === 'config/setting.ts'
  }
  t.deepEqual(violations(plugins, allowed), [])
})

test("a plugin's tests import the plugin, kernel/testing and what a plugin may import; nothing else", t => {
  const tests = [...filesIn('plugins'), ...filesIn('examples')].filter(isTest)
  t.true(tests.length > 0)
  const allowed = ({ file }: SourceFile, to: string): boolean =>
    !isOurs(to) ||
    to.startsWith(`${pluginOf(file)}/`) ||
    to.startsWith('kernel/testing/') ||
    to === 'kernel/contract.ts' ||
    /^plugins\/[^/]+\/(public|plugin)\.ts$/.test(to)
  const broken = new Set(violations(tests, allowed).map(line => line.split(' -> ')[0]))
  t.deepEqual([...broken].toSorted(), builtByHand)
})

test('a plugin uses no package of the kernel to get round it', t => {
  const plugins = filesIn('plugins').filter(file => !isTest(file))
  const kernels = /^(knex|better-sqlite3|tedious|koa|@koa\/|koa-|agenda|awilix|jsonwebtoken|bcrypt)/
  t.deepEqual(
    violations(plugins, ({ text }, to) => !kernels.test(to) || typesOnly(text, to)),
    [],
  )
})

test('the database layer knows neither kernel nor plugins, and settings know nothing', t => {
  t.deepEqual(
    violations(
      filesIn('db').filter(file => !isTest(file)),
      (_from, to) => !isOurs(to) || /^(db|config)\//.test(to),
    ),
    [],
  )
  t.deepEqual(
    violations(filesIn('config'), (_from, to) => !isOurs(to) || to.startsWith('config/')),
    [],
  )
})

test('no import is built at run time from a text', t => {
  const files = [...filesIn('kernel'), ...filesIn('plugins')].filter(file => !isTest(file))
  t.deepEqual(
    files.filter(({ text }) => BUILT.test(text)).map(({ file }) => file),
    [],
  )
})

/** True when every import of a package in a text is of types. */
function typesOnly(text: string, name: string): boolean {
  const lines = text.split('\n').filter(line => line.includes(`'${name}'`) && line.includes('import'))
  return lines.every(line => line.includes('import type'))
}
