import { readFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { kernelSettings } from '../../config/schema.ts'
import { bundledSettings } from '../../kernel/plugins/bundled-settings.ts'
import { ROOT, readDockerfile } from './dockerfile.ts'

const known = new Set([
  ...Object.keys(kernelSettings.shape),
  ...Object.values(await bundledSettings()).flatMap(schema => Object.keys(schema.shape)),
])
/** What App Service and Node read themselves. */
const PLATFORM = /^(WEBSITES?_[A-Z_]+|NODE_COMPILE_CACHE)$/

const read = (file: string) => readFile(path.join(ROOT, file), 'utf8')

/** The names that stand in a part of a file, such as the keys of a block. */
const namesIn = (text: string, pattern: RegExp): readonly string[] =>
  [...text.matchAll(pattern)].flatMap(([, name]) => (name === undefined ? [] : [name]))

const part = (text: string, from: string, to: string): string => {
  const start = text.indexOf(from)
  return start < 0 ? '' : text.slice(start, text.indexOf(to, start + from.length))
}

const compose = await read('compose.yaml')
const main = await read('azure/main.bicep')
const app = await read('azure/modules/app.bicep')
const secretsOfAzure = namesIn(part(main, 'secrets: union(', 'furtherSecrets'), /'([A-Z_]+)'/g)
const settingsOfAzure = [
  ...namesIn(part(main, 'settings: union(', 'settings\n'), /^ +([A-Z_]+):/gm),
  ...namesIn(part(app, 'var appSettings', 'fromVault,'), /^ +([A-Z_]+):/gm),
]

const given: Readonly<Record<string, readonly string[]>> = {
  Dockerfile: Object.keys(readDockerfile().env),
  'compose.yaml': namesIn(part(compose, 'x-settings:', 'services:'), /^ {2}([A-Z_]+):/gm),
  azure: [...settingsOfAzure, ...secretsOfAzure],
}

for (const [where, names] of Object.entries(given)) {
  test(`${where}: every setting that it gives is one that is read`, t => {
    t.true(names.length > 3, 'the names were found')
    t.deepEqual(
      names.filter(name => !known.has(name) && !PLATFORM.test(name)),
      [],
    )
  })
}

test('azure gives every setting that production requires', t => {
  const all = new Set([...settingsOfAzure, ...secretsOfAzure])
  for (const name of ['SECRET_KEY', 'CLOUD_WEBHOOK_HMAC_SECRET', 'CLOUD_INTERNAL_API_TOKEN', 'ALLOW_ORIGINS'])
    t.true(all.has(name), name)
  t.true(all.has('SQL_SERVER') && all.has('SQL_DATABASE'))
})

test('the secrets of compose.yaml are refused in production', async t => {
  const { parseSettings, SettingsError } = await import('../../config/parse-settings.ts')
  const fallback = (name: string) => new RegExp(`${name}:-([^}]+)}`).exec(compose)?.[1]
  const error = t.throws(
    () =>
      parseSettings(
        { kernel: kernelSettings },
        {
          NODE_ENV: 'production',
          ALLOW_ORIGINS: 'https://cloud.monozu.io',
          SECRET_KEY: fallback('SECRET_KEY'),
          CLOUD_WEBHOOK_HMAC_SECRET: fallback('CLOUD_WEBHOOK_HMAC_SECRET'),
          CLOUD_INTERNAL_API_TOKEN: fallback('CLOUD_INTERNAL_API_TOKEN'),
        },
      ),
    { instanceOf: SettingsError },
  )
  t.deepEqual(error?.faults.map(({ name }) => name).sort(), [
    'CLOUD_INTERNAL_API_TOKEN',
    'CLOUD_WEBHOOK_HMAC_SECRET',
    'SECRET_KEY',
  ])
  t.true(error?.faults.every(({ line }) => line.includes('development or example value')))
})
