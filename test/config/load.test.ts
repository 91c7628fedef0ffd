import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { UsageError } from '../../config/command-line.ts'
import { developmentSecretsFile } from '../../config/development-secrets.ts'
import { loadConfig } from '../../config/load.ts'
import { SettingsError } from '../../config/parse-settings.ts'

const folder = (t: { teardown(work: () => void): void }): string => {
  const path = mkdtempSync(join(tmpdir(), 'monozu-config-'))
  t.teardown(() => rmSync(path, { recursive: true }))
  return path
}

const real = {
  NODE_ENV: 'production',
  SECRET_KEY: 'kR7vQ2mZ9xW4pL6tB1nD8sF3hJ5gY0cV',
  ALLOW_ORIGINS: 'https://cloud.monozu.io',
  CLOUD_WEBHOOK_HMAC_SECRET: 'Zq8Lr3Tn6Vb1Xw5K, Pm4Hd9Gj2Sf7Yc0R',
  CLOUD_INTERNAL_API_TOKEN: 'Bw6Nk1Qz8Rt3Mv5X',
}

test('an empty environment gives a complete configuration on the embedded database', t => {
  const dataDir = join(folder(t), 'a', 'b')
  const config = loadConfig({ DATA_DIR: dataDir })
  t.is(config.PORT, 8000)
  t.is(config.DATA_DIR, dataDir)
  t.deepEqual(config.database, { kind: 'sqlite' })
  t.true(config.demo)
  t.false(config.production)
  t.is(config.SECRET_KEY.length >= 32, true)
})

test('made secrets are for the owner alone and the same at the next start', t => {
  const dataDir = folder(t)
  const first = loadConfig({ DATA_DIR: dataDir })
  const file = join(dataDir, developmentSecretsFile)
  t.is(statSync(file).mode & 0o777, 0o600)
  const second = loadConfig({ DATA_DIR: dataDir })
  t.is(second.SECRET_KEY, first.SECRET_KEY)
  t.deepEqual(second.CLOUD_WEBHOOK_HMAC_SECRET, first.CLOUD_WEBHOOK_HMAC_SECRET)
  t.is(second.CLOUD_INTERNAL_API_TOKEN, first.CLOUD_INTERNAL_API_TOKEN)
  t.not(first.SECRET_KEY, loadConfig({ DATA_DIR: folder(t) }).SECRET_KEY)
})

test('a given secret wins over the made one', t => {
  const config = loadConfig({ DATA_DIR: folder(t), CLOUD_WEBHOOK_HMAC_SECRET: 'mine' })
  t.deepEqual(config.CLOUD_WEBHOOK_HMAC_SECRET, ['mine'])
})

test('a secret that a later version needs is added and the others stay', t => {
  const dataDir = folder(t)
  writeFileSync(join(dataDir, developmentSecretsFile), JSON.stringify({ SECRET_KEY: 'k'.repeat(40) }))
  t.is(loadConfig({ DATA_DIR: dataDir }).SECRET_KEY, 'k'.repeat(40))
  const kept: unknown = JSON.parse(readFileSync(join(dataDir, developmentSecretsFile), 'utf8'))
  t.deepEqual(Object.keys(kept as object).sort(), [
    'CLOUD_INTERNAL_API_TOKEN',
    'CLOUD_WEBHOOK_HMAC_SECRET',
    'SECRET_KEY',
  ])
})

test('a damaged file of secrets is named, not overwritten', t => {
  const dataDir = folder(t)
  const file = join(dataDir, developmentSecretsFile)
  writeFileSync(file, '{"SECRET_KEY": ')
  const error = t.throws(() => loadConfig({ DATA_DIR: dataDir }), { instanceOf: SettingsError })
  t.true(error?.message.includes(`${file} is damaged`))
  t.is(readFileSync(file, 'utf8'), '{"SECRET_KEY": ')
})

test('a DATA_DIR that cannot be written is one line', t => {
  const dataDir = folder(t)
  writeFileSync(join(dataDir, 'file'), '')
  chmodSync(join(dataDir, 'file'), 0o600)
  const error = t.throws(() => loadConfig({ DATA_DIR: join(dataDir, 'file', 'data') }), { instanceOf: SettingsError })
  t.regex(error?.message ?? '', /^DATA_DIR: cannot keep secrets in .*; set DATA_DIR to a folder of yours$/)
})

test('production makes no demo, no file and no secret', t => {
  const dataDir = join(folder(t), 'data')
  const config = loadConfig({ ...real, DATA_DIR: dataDir })
  t.false(config.demo)
  t.true(config.production)
  t.is(config.LOG_FORMAT, 'json')
  t.deepEqual(config.CLOUD_WEBHOOK_HMAC_SECRET, ['Zq8Lr3Tn6Vb1Xw5K', 'Pm4Hd9Gj2Sf7Yc0R'])
  t.false(existsSync(dataDir))
})

test('made secrets carried over to production are refused', t => {
  const { SECRET_KEY } = loadConfig({ DATA_DIR: folder(t) })
  t.throws(() => loadConfig({ ...real, SECRET_KEY }), {
    message: /^SECRET_KEY: this is a development or example value/,
  })
})

test('the configuration is frozen, its lists too', t => {
  const config = loadConfig({ DATA_DIR: folder(t), PLUGINS_DISABLED: 'vpn' })
  t.true(Object.isFrozen(config))
  t.throws(() => (config.PLUGINS_DISABLED as string[]).push('backup'), { instanceOf: TypeError })
})

test('the command line wins over the environment', t => {
  const elsewhere = folder(t)
  const config = loadConfig({ PORT: '1', DATA_DIR: folder(t) }, [
    '--port',
    '9000',
    '--data-dir',
    elsewhere,
    '--no-demo',
  ])
  t.is(config.PORT, 9000)
  t.is(config.DATA_DIR, elsewhere)
  t.false(config.demo)
})

test('a wrong port on the command line reads like one in the environment', t => {
  t.throws(() => loadConfig({ DATA_DIR: folder(t) }, ['--port=x']), {
    instanceOf: SettingsError,
    message: /^PORT: .*"x"/,
  })
})

for (const argv of [['--prot', '1'], ['start'], ['--port'], ['--no-demo=1']]) {
  test(`${argv.join(' ')} is one line that names it`, t => {
    const error = t.throws(() => loadConfig({}, argv), { instanceOf: UsageError })
    t.false(error?.message.includes('\n'))
    t.true(error?.message.includes(argv[0]?.split('=')[0] ?? '?'))
  })
}

const sql = 'sqlserver://app:pw@db.example.net:1433?database=cloud'

test('DATABASE_URL means SQL Server', t => {
  const { database } = loadConfig({ DATA_DIR: folder(t), DATABASE_URL: sql, DATABASE_URL_PLATFORM_ADMIN: `${sql}2` })
  t.deepEqual(database, { kind: 'mssql', url: sql, platformUrl: `${sql}2` })
})

test('SQL_SERVER wins over DATABASE_URL, unless IS_DEV', t => {
  const env = {
    DATA_DIR: folder(t),
    DATABASE_URL: sql,
    SQL_SERVER: 'az.example.net',
    SQL_DATABASE: 'cloud',
    AZURE_CLIENT_ID: 'id',
  }
  t.deepEqual(loadConfig(env).database, {
    kind: 'azure-sql',
    server: 'az.example.net',
    database: 'cloud',
    clientId: 'id',
    platformUrl: undefined,
  })
  t.is(loadConfig({ ...env, IS_DEV: 'true' }).database.kind, 'mssql')
})

test('settings of parts that this version lacks are told', t => {
  t.deepEqual(
    loadConfig({ DATA_DIR: folder(t), MAINTENANCE_NOTIFY_TICKER_MINUTES: '5', RESEND_API_KEY: 're_1' }).unread,
    ['MAINTENANCE_NOTIFY_TICKER_MINUTES'],
  )
})

test('a process does everything unless it is told otherwise, and the command line wins', t => {
  const DATA_DIR = folder(t)
  t.deepEqual(loadConfig({ DATA_DIR }).ROLE, ['api', 'ingest', 'worker'])
  t.deepEqual(loadConfig({ DATA_DIR, ROLE: 'ingest, worker' }).ROLE, ['ingest', 'worker'])
  t.deepEqual(loadConfig({ DATA_DIR, ROLE: 'ingest' }, ['--role', 'api,worker']).ROLE, ['api', 'worker'])
  for (const ROLE of ['all', 'api,fly', ',']) {
    const { message } = t.throws(() => loadConfig({ DATA_DIR, ROLE }), { instanceOf: SettingsError })
    t.true(
      message.startsWith('ROLE: expected of `api`, `ingest` and `worker`, one or more, separated by commas'),
      message,
    )
  }
})
