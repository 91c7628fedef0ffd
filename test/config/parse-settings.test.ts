import test from 'ava'
import { z } from 'zod'
import { parseSettings, SettingsError } from '../../config/parse-settings.ts'
import { kernelSettings } from '../../config/schema.ts'
import { integer, text } from '../../config/setting.ts'

const linesOf = (
  env: Record<string, string>,
  schemas: Record<string, z.ZodObject> = { kernel: kernelSettings },
): string[] => {
  try {
    parseSettings(schemas, env)
    return []
  } catch (error) {
    if (error instanceof SettingsError) return error.message.split('\n')
    throw error
  }
}

test('every fault has one line with the name, what was expected, what came and what to do', t => {
  t.deepEqual(linesOf({ PORT: 'abc', LOG_LEVEL: 'loud', ALLOW_CREDENTIALS: 'maybe', LICENSE_GRACE_DAYS: '1.5' }), [
    'PORT: expected a number from 0 to 65535, got "abc"; correct it or unset it',
    'ALLOW_CREDENTIALS: expected on or off, got "maybe"; correct it or unset it',
    'LICENSE_GRACE_DAYS: expected a number from 0 to 365, got "1.5"; correct it or unset it',
    'LOG_LEVEL: expected one of trace, debug, info, warn, error, fatal, silent, got "loud"; correct it or unset it',
  ])
})

test('a value with line breaks stays on one line', t => {
  const lines = linesOf({ PORT: '80\nSECRET_KEY: fine' })
  t.is(lines.length, 1)
  t.true(lines[0]?.includes('got "80\\nSECRET_KEY: fine"'))
})

test("a secret's value is never told", t => {
  const [line = ''] = linesOf({ SECRET_KEY: 'hunter2-hunter2' })
  t.is(line, 'SECRET_KEY: expected at least 32 characters, got a secret of 15 characters; correct it or unset it')
  const dsn = linesOf({ DATABASE_URL: 'postgres://app:hunter2@db/cloud' }).join()
  t.true(dsn.startsWith('DATABASE_URL: expected sqlserver://'))
  t.false(dsn.includes('hunter2'))
})

for (const word of ['true', '1', 'on', 'YES']) {
  test(`a switch takes ${word} as on`, t => {
    t.true(parseSettings({ kernel: kernelSettings }, { IS_DEV: word }).kernel.IS_DEV)
  })
}
for (const word of ['false', '0', 'off', 'No']) {
  test(`a switch takes ${word} as off`, t => {
    t.false(parseSettings({ kernel: kernelSettings }, { ALLOW_CREDENTIALS: word }).kernel.ALLOW_CREDENTIALS)
  })
}

test('an empty variable counts as not set', t => {
  const { kernel } = parseSettings({ kernel: kernelSettings }, { PORT: '', LOG_LEVEL: '  ', SECRET_KEY: '' })
  t.is(kernel.PORT, 8000)
  t.is(kernel.LOG_LEVEL, 'info')
  t.is(kernel.SECRET_KEY, undefined)
})

test('lists drop spaces and empty words', t => {
  const { kernel } = parseSettings({ kernel: kernelSettings }, { PLUGINS_DISABLED: ' vpn, ,backup ' })
  t.deepEqual(kernel.PLUGINS_DISABLED, ['vpn', 'backup'])
})

test('kernel and plugins are read together and all their faults come at once', t => {
  const feed = z.object({
    FEED_NVD: text('Where NVD is.').default('https://nvd'),
    FEED_PAUSE: integer(0, 60, 'Pause.').default(6),
  })
  const both = { kernel: kernelSettings, 'cve-feed': feed }
  const values = parseSettings(both, { FEED_NVD: '/mirror/nvd', PORT: '9000' })
  t.deepEqual(values['cve-feed'], { FEED_NVD: '/mirror/nvd', FEED_PAUSE: 6 })
  t.is(values.kernel.PORT, 9000)
  t.deepEqual(
    linesOf({ PORT: 'x', FEED_PAUSE: '61' }, both).map(line => line.split(':')[0]),
    ['PORT', 'FEED_PAUSE'],
  )
})

test("a plain zod schema of a plugin works too, with zod's own words", t => {
  const plain = z.object({ FEED_URL: z.url() })
  t.deepEqual(linesOf({ FEED_URL: 'nonsense' }, { plain }), [
    'FEED_URL: Invalid URL, got "nonsense"; correct it or unset it',
  ])
})

test('two owners of one variable are refused by name', t => {
  const feed = z.object({ PORT: integer(0, 1, 'Mine.') })
  t.throws(() => parseSettings({ kernel: kernelSettings, feed }, {}), {
    message: 'setting PORT is declared twice: by kernel and by feed',
  })
})

test('production demands real secrets and origins, all in one answer', t => {
  const names = linesOf({ NODE_ENV: 'production' }).map(line => line.split(':')[0])
  t.deepEqual(names, ['SECRET_KEY', 'ALLOW_ORIGINS', 'CLOUD_WEBHOOK_HMAC_SECRET', 'CLOUD_INTERNAL_API_TOKEN'])
})

const real = {
  NODE_ENV: 'production',
  SECRET_KEY: 'kR7vQ2mZ9xW4pL6tB1nD8sF3hJ5gY0cV',
  ALLOW_ORIGINS: 'https://cloud.monozu.io',
  CLOUD_WEBHOOK_HMAC_SECRET: 'Zq8Lr3Tn6Vb1Xw5K,Pm4Hd9Gj2Sf7Yc0R',
  CLOUD_INTERNAL_API_TOKEN: 'Bw6Nk1Qz8Rt3Mv5X',
}

test('production takes real ones, two webhook secrets included', t => {
  t.deepEqual(linesOf(real), [])
})

for (const [what, change] of [
  ['a short SECRET_KEY', { SECRET_KEY: 'kR7vQ2mZ9xW4pL6tB1nD8sF3hJ5gY0c' }],
  ['a SECRET_KEY made for development', { SECRET_KEY: 'development-kR7vQ2mZ9xW4pL6tB1nD8sF3hJ5gY0cV' }],
  ['a placeholder', { SECRET_KEY: 'please-change-me-please-change-me-please' }],
  ['a short webhook secret beside a good one', { CLOUD_WEBHOOK_HMAC_SECRET: 'Zq8Lr3Tn6Vb1Xw5K,short' }],
  ['three webhook secrets', { CLOUD_WEBHOOK_HMAC_SECRET: 'Zq8Lr3Tn6Vb1Xw5K,Pm4Hd9Gj2Sf7Yc0R,Lr3Tn6Vb1Xw5KZq8' }],
  ['a short internal token', { CLOUD_INTERNAL_API_TOKEN: 'abc' }],
] as const) {
  test(`production refuses ${what}`, t => {
    const lines = linesOf({ ...real, ...change })
    t.is(lines.length, 1)
    t.is(lines[0]?.split(':')[0], Object.keys(change)[0])
  })
}

test('production refuses a short or development value of what may be left out, too', t => {
  const schemas = { snaps: z.object({ TOKEN: text('A token.', { secret: true, production: 'real' }).optional() }) }
  const linesWith = (env: Record<string, string>) => linesOf({ NODE_ENV: 'production', ...env }, schemas)
  t.deepEqual(linesWith({}), [])
  t.deepEqual(linesWith({ TOKEN: 'Zq8Lr3Tn6Vb1Xw5K' }), [])
  t.regex(linesWith({ TOKEN: 'short' })[0] ?? '', /^TOKEN: production expects at least 16/)
  t.regex(linesWith({ TOKEN: 'development-only-on-this-machine' })[0] ?? '', /^TOKEN: this is a development/)
  t.deepEqual(linesOf({ TOKEN: 'short' }, schemas), [])
})

test('API_PUBLIC_URL is an address without query, and loses its last slash', t => {
  const parsed = (value: string) => parseSettings({ kernel: kernelSettings }, { API_PUBLIC_URL: value }).kernel
  t.is(parsed('https://api.cloud.monozu.io/').API_PUBLIC_URL, 'https://api.cloud.monozu.io')
  t.is(parsed('http://10.0.0.1:8000/cloud').API_PUBLIC_URL, 'http://10.0.0.1:8000/cloud')
  for (const wrong of ['api.cloud.monozu.io', 'ftp://x', 'https://a@b', 'https://x/?y=1']) {
    t.is(linesOf({ API_PUBLIC_URL: wrong }).length, 1, wrong)
  }
})

for (const origin of ['https://cloud.monozu.io/', 'cloud.monozu.io', '*', 'null', 'ftp://cloud.monozu.io/a']) {
  test(`ALLOW_ORIGINS refuses ${origin}`, t => {
    t.is(linesOf({ ALLOW_ORIGINS: `http://localhost:3000,${origin}` }).length, 1)
  })
}

test('settings that need each other say so', t => {
  t.regex(linesOf({ SQL_SERVER: 'sql.example.net' })[0] ?? '', /^SQL_DATABASE: needed with SQL_SERVER/)
  t.regex(
    linesOf({ SQL_SERVER: 'sql.example.net', SQL_DATABASE: 'cloud', IS_DEV: 'true' })[0] ?? '',
    /^DATABASE_URL: needed when IS_DEV/,
  )
})

test('a policy by which nobody could log in is refused', t => {
  const [first = '', second = ''] = linesOf({ AUTH_POLICY: 'restricted' })
  t.regex(first, /^MS_CLIENT_ID: needed when AUTH_POLICY is restricted/)
  t.regex(second, /^AUTH_ALLOWED_EMAIL_DOMAINS: needed when AUTH_POLICY is restricted/)
})

test('a mail server is an address, with what is encoded in it encoded well', t => {
  for (const SMTP_URL of ['smtps://user:p%40ss@mail.acme.example:465', 'smtp://mail.acme.example']) {
    t.deepEqual(linesOf({ SMTP_URL }), [])
  }
  for (const SMTP_URL of [
    'mail.acme.example',
    'http://mail.acme.example',
    'smtp://',
    'smtps://user:100%@mail.example',
  ]) {
    t.regex(linesOf({ SMTP_URL })[0] ?? '', /^SMTP_URL: /)
  }
})

test('a reference that Key Vault did not answer is no value, in production and elsewhere', t => {
  for (const NODE_ENV of ['production', 'development']) {
    const error = t.throws(
      () =>
        parseSettings(
          { kernel: z.object({ SIGNING_KEY: text('Signs.', { secret: true }).min(32).optional() }) },
          { NODE_ENV, SIGNING_KEY: '@Microsoft.KeyVault(VaultName=kv-mz-cloud-prd;SecretName=SIGNING-KEY)' },
        ),
      { instanceOf: SettingsError },
    )
    t.regex(error?.message ?? '', /^SIGNING_KEY: it is a reference that Key Vault did not answer/)
  }
})
