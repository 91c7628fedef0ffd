import { z } from 'zod'
import { choice, flag, integer, list, text } from './setting.ts'

/** The fewest characters of a key that signs or encrypts. */
export const shortestKey = 32

const httpOrigin = (value: string): boolean => URL.canParse(value) && new URL(value).origin === value

const sqlServerUrl = (value: string): boolean => {
  if (!URL.canParse(value)) return false
  const { protocol, hostname, searchParams, pathname } = new URL(value)
  return protocol === 'sqlserver:' && hostname !== '' && (searchParams.has('database') || pathname.length > 1)
}

const dsn = 'sqlserver://user:password@host:port?database=name'

/** Every environment variable that the kernel reads. Plugins declare theirs in their own descriptor. */
export const kernelSettings = z
  .object({
    NODE_ENV: choice(
      ['development', 'production', 'test'],
      'Production demands real secrets, makes no demo and does not check answers against their schemas.',
    ).default('development'),
    HOST: text('Address to listen on.', { fallback: 'all addresses' }).optional(),
    PORT: integer(0, 65535, 'Port to listen on; 0 takes any free one.').default(8000),
    TRUST_PROXY: integer(
      0,
      10,
      'Proxies of ours in front: so many last entries of X-Forwarded-For are believed; 0 believes no X-Forwarded header.',
    ).default(0),
    SHUTDOWN_TIMEOUT_SECONDS: integer(1, 600, 'How long a stop waits for requests and jobs under way.').default(25),

    DATA_DIR: text('Folder of the embedded database and of what else the server keeps on disk.').default('./data'),
    SQL_SERVER: text('Host of the Azure SQL server, reached with the managed identity; wins over DATABASE_URL.', {
      expected: 'a host name',
    })
      .regex(/^[\w.-]+$/)
      .optional(),
    SQL_DATABASE: text('Database on SQL_SERVER.').optional(),
    AZURE_CLIENT_ID: text(
      'Client id of a user-assigned managed identity; leave out for the system-assigned one.',
    ).optional(),
    DATABASE_URL: text(`SQL Server with a password: \`${dsn}\`. Without it and SQL_SERVER: SQLite in DATA_DIR.`, {
      secret: true,
      expected: dsn,
    })
      .refine(sqlServerUrl)
      .optional(),
    DATABASE_URL_PLATFORM_ADMIN: text('Connection for work across tenants, which row-level security does not bind.', {
      secret: true,
      expected: dsn,
    })
      .refine(sqlServerUrl)
      .optional(),
    IS_DEV: flag('Takes DATABASE_URL even where SQL_SERVER is set.').default(false),

    SECRET_KEY: text('Signs access and refresh tokens.', {
      secret: true,
      production: 'required',
      generated: true,
      expected: `at least ${shortestKey} characters`,
    })
      .min(shortestKey)
      .optional(),
    SECRET_KEY_PREVIOUS: text('The SECRET_KEY before the last change: tokens that it signed stay valid.', {
      secret: true,
      expected: `at least ${shortestKey} characters`,
    })
      .min(shortestKey)
      .optional(),
    AUTH_POLICY: choice(['standard'], 'How users may log in; this version has only `standard`.').default('standard'),
    ACCESS_TOKEN_EXPIRE_MINUTES: integer(1, 1440, 'Life of an access token.').default(60),
    REFRESH_TOKEN_EXPIRE_DAYS: integer(1, 365, 'Life of a refresh token.').default(7),
    REFRESH_COOKIE_SAMESITE: choice(['strict', 'lax', 'none'], 'SameSite of the refresh cookie.').default('strict'),
    ALLOW_ORIGINS: list('Web origins that may call the API, such as `https://cloud.monozu.io`.', {
      production: 'required',
      expected: 'comma-separated origins without a path, such as https://cloud.monozu.io',
      fallback: '`http://localhost:3000`',
    })
      .refine(origins => origins.every(httpOrigin))
      .optional(),
    ALLOW_CREDENTIALS: flag('Lets those origins send the refresh cookie.').default(true),
    ALLOW_METHODS: list('Methods those origins may use.', { expected: 'comma-separated methods' })
      .refine(methods => methods.every(method => /^[A-Z]+$/.test(method)))
      .default(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']),
    ALLOW_HEADERS: list('Request headers those origins may send.', { expected: 'comma-separated header names' })
      .refine(headers => headers.every(header => /^[\w-]+$/.test(header)))
      .default(['Authorization', 'Content-Type', 'If-Match', 'If-None-Match', 'Idempotency-Key']),

    CLOUD_WEBHOOK_HMAC_SECRET: list('Secret of the licence webhook; two during a rotation, separated by a comma.', {
      secret: true,
      production: 'required',
      generated: true,
      expected: 'one secret or two, separated by a comma',
    })
      .refine(secrets => secrets.length >= 1 && secrets.length <= 2)
      .optional(),
    CLOUD_INTERNAL_API_TOKEN: text('Token of the /internal routes, sent as X-Internal-Token.', {
      secret: true,
      production: 'required',
      generated: true,
    }).optional(),
    LICENSE_GRACE_DAYS: integer(
      0,
      365,
      'Days after expiry in which log-in still works, without licensed features.',
    ).default(14),

    PLUGINS_DISABLED: list('Plugins that this deployment does without.').default([]),
    PLUGIN_DIRS: list('Further folders of plugins.', { expected: 'comma-separated folders' }).default([]),
    PLUGIN_PACKAGES: list('npm packages that are plugins.', { expected: 'comma-separated package names' }).default([]),

    LOG_LEVEL: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'Lowest level written.').default(
      'info',
    ),
    LOG_REQUESTS: choice(
      ['all', 'changes', 'errors'],
      'Which requests get a log line: `changes` leaves out reads that succeeded, `errors` writes only 400 and above.',
    ).default('all'),
    LOG_FORMAT: choice(['json', 'text'], 'Form of the log.', {
      fallback: '`text` on a terminal outside production, else `json`',
    }).optional(),
  })
  .superRefine((settings, context) => {
    const refuse = (name: keyof typeof settings, message: string) =>
      context.addIssue({ code: 'custom', path: [name], message })
    if (settings.SQL_SERVER !== undefined && settings.SQL_DATABASE === undefined && !settings.IS_DEV) {
      refuse('SQL_DATABASE', 'needed with SQL_SERVER, but it is not set; set it to the name of the database')
    }
    if (settings.IS_DEV && settings.SQL_SERVER !== undefined && settings.DATABASE_URL === undefined) {
      refuse('DATABASE_URL', 'needed when IS_DEV is on and SQL_SERVER is set; set it or unset IS_DEV')
    }
  })

/** The kernel's settings as they come out of the schema, by the names of their environment variables. */
export type KernelSettings = z.output<typeof kernelSettings>
