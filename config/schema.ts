import { isIP } from 'node:net'
import { z } from 'zod'
import { readKeyPairs } from './key-pairs.ts'
import { isRole, roles } from './role.ts'
import { choice, flag, fraction, integer, list, text } from './setting.ts'
import { parseConnection } from './sql-server-connection.ts'

/** The fewest characters of a key that signs or encrypts. */
export const shortestKey = 32

const httpOrigin = (value: string): boolean => URL.canParse(value) && new URL(value).origin === value

const publicUrl = (value: string): boolean =>
  URL.canParse(value) && /^https?:$/.test(new URL(value).protocol) && !/[?#@]/.test(value)

const sqlServer = (value: string): boolean => {
  try {
    return Boolean(parseConnection(value, 'it'))
  } catch {
    return false
  }
}

/** Hosts may be several, which no parser of URLs takes; `mongodb+srv` has one, without a port. */
const mongoUrl = (value: string): boolean =>
  /^mongodb:\/\/([^@/]+@)?[^@/?,\s]+(,[^@/?,\s]+)*(\/[^/?\s]*)?(\?\S*)?$/.test(value) ||
  /^mongodb\+srv:\/\/([^@/]+@)?[\w.-]+(\/[^/?\s]*)?(\?\S*)?$/.test(value)

/** What is not a percent-encoding in user or password would be taken for one. */
const smtpUrl = (value: string): boolean =>
  URL.canParse(value) &&
  /^smtps?:$/.test(new URL(value).protocol) &&
  new URL(value).hostname !== '' &&
  !/%(?![0-9a-f]{2})/i.test(value)

const isDomain = (value: string): boolean =>
  /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/.test(value)

const isDnsServer = (value: string): boolean => {
  const [, bracketed, host, port = '53'] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(value) ?? []
  return isIP(bracketed ?? host ?? value) !== 0 && Number(port) > 0 && Number(port) < 65_536
}

/** The database number that may follow the port does not matter to what goes through it. */
const redisUrl = (value: string): boolean =>
  URL.canParse(value) && /^rediss?:\/\/[^/\s]+(\/\d*)?$/.test(value) && new URL(value).hostname !== ''

const dsn = 'sqlserver://user:password@host:port?database=name'

/** Every environment variable that the kernel reads. Plugins declare theirs in their own descriptor. */
export const kernelSettings = z
  .object({
    NODE_ENV: choice(
      ['development', 'production', 'test'],
      'Production demands real secrets, makes no demo and does not check answers against their schemas.',
    ).default('development'),
    ROLE: list(
      'What this process does: `api` serves everything, `ingest` serves devices only, `worker` runs jobs and delivers ' +
        'events. Less than all needs SQL Server.',
      { expected: 'of `api`, `ingest` and `worker`, one or more, separated by commas' },
    )
      .refine(words => words.length > 0 && words.every(isRole))
      .transform(words => words.filter(isRole))
      .default([...roles]),
    HOST: text('Address to listen on.', { fallback: 'all addresses' }).optional(),
    PORT: integer(0, 65535, 'Port to listen on; 0 takes any free one.').default(8000),
    TRUST_PROXY: integer(
      0,
      10,
      'Proxies of ours in front: so many last entries of X-Forwarded-For are believed; 0 believes no X-Forwarded header.',
    ).default(0),
    API_PUBLIC_URL: text('Address under which others reach the API, for the addresses that the server gives out.', {
      expected: 'an address such as https://api.cloud.monozu.io',
      fallback: 'as the request came',
    })
      .refine(publicUrl)
      .transform(value => value.replace(/\/+$/, ''))
      .optional(),
    APP_BASE_URL: text(
      'Address of the web application, for links in mails and the way back from a sign-in elsewhere.',
      {
        expected: 'an address such as https://cloud.monozu.io',
        fallback: 'the first of `ALLOW_ORIGINS`',
      },
    )
      .refine(publicUrl)
      .transform(value => value.replace(/\/+$/, ''))
      .optional(),
    SHUTDOWN_DELAY_SECONDS: integer(
      0,
      300,
      'How long a stop goes on serving while `/health/ready` says 503, so that the balancer takes the instance out first.',
      { fallback: '5 in production, else 0' },
    ).optional(),
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
    SQLITE_SYNCHRONOUS: choice(
      ['full', 'normal'],
      'When the embedded database syncs its log to the disk: `full` at every commit, so that an acknowledged write ' +
        'outlives a power cut; `normal` at checkpoints only: faster, and a power cut may cost the last seconds.',
    ).default('full'),
    DATABASE_URL: text(
      `SQL Server: \`${dsn}\`, or \`Server=…;Database=…;User Id=…;Password=…\`. Without it and SQL_SERVER: SQLite in DATA_DIR.`,
      {
        secret: true,
        expected: dsn,
      },
    )
      .refine(sqlServer)
      .optional(),
    DATABASE_URL_PLATFORM_ADMIN: text('Connection for work across tenants, which row-level security does not bind.', {
      secret: true,
      expected: dsn,
    })
      .refine(sqlServer)
      .optional(),
    SQL_POOL_SIZE: integer(2, 1000, 'Most connections of one instance to SQL Server.').default(20),
    SQL_POOL_WAIT_SECONDS: integer(
      1,
      300,
      'How long work waits for one of these connections; after that a request gets 503 with Retry-After.',
    ).default(15),
    IS_DEV: flag('Takes DATABASE_URL even where SQL_SERVER is set.').default(false),

    MONGODB_URL: text(
      'MongoDB for the turns of jobs: `mongodb://` or `mongodb+srv://`; the database is `monozu` unless it names another. ' +
        'Without it: the SQL database.',
      { secret: true, expected: 'mongodb://user:password@host:port/database' },
    )
      .refine(mongoUrl)
      .optional(),
    REDIS_URL: text(
      'Redis through which instances tell each other what happens: `redis://`, or `rediss://` with TLS. Without it sockets ' +
        'hear of what their own instance does only.',
      { secret: true, expected: 'redis://:password@host:port' },
    )
      .refine(redisUrl)
      .optional(),
    REDIS_PREFIX: text('What the channels on REDIS_URL begin with.', { expected: 'letters, digits, and : . _ -' })
      .regex(/^[\w:.-]{1,100}$/)
      .default('monozu'),

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
    AUTH_POLICY: choice(
      ['standard', 'restricted'],
      'How users may log in: `standard` with a password or elsewhere, `restricted` with Microsoft alone, and only from ' +
        'AUTH_ALLOWED_EMAIL_DOMAINS. A tenant may be stricter, never less strict.',
    ).default('standard'),
    AUTH_ALLOWED_EMAIL_DOMAINS: list('E-mail domains that may log in where AUTH_POLICY is `restricted`.', {
      expected: 'comma-separated domains such as monozu.io',
    })
      .transform(domains => domains.map(domain => domain.toLowerCase()))
      .refine(domains => domains.every(isDomain))
      .default([]),
    MS_CLIENT_ID: text('Client id of the app registration behind "Sign in with Microsoft".').optional(),
    MS_CLIENT_SECRET: text('Secret of that app registration.', { secret: true }).optional(),
    MS_AUTHORITY: text('OpenID Connect issuer that "Sign in with Microsoft" goes to.', {
      expected: 'an address such as https://login.microsoftonline.com/common/v2.0',
    })
      .refine(publicUrl)
      .transform(value => value.replace(/\/+$/, ''))
      .default('https://login.microsoftonline.com/common/v2.0'),
    DNS_SERVERS: list(
      'DNS servers that are asked about what tenants set: the proof of an e-mail domain, the host of an identity provider.',
      {
        expected: 'comma-separated addresses such as 9.9.9.9 or 127.0.0.1:5353',
        fallback: "the system's",
      },
    )
      .refine(servers => servers.every(isDnsServer))
      .default([]),
    MFA_ISSUER: text('What authenticator apps call an account of this service.').default('MonozuCloud'),
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

    LIMIT_REQUESTS_PER_TENANT: integer(
      0,
      100_000_000,
      'Requests a minute that this instance takes from one tenant; 0: as many as come.',
    ).default(0),
    LIMIT_REQUESTS_PER_ADDRESS: integer(
      0,
      100_000_000,
      'Requests a minute that this instance takes from one address (IPv6: one /64); 0: as many as come.',
    ).default(0),
    LIMIT_SOCKETS_PER_TENANT: integer(
      0,
      1_000_000,
      'WebSockets that one tenant may have open on this instance; 0: as many as come.',
    ).default(10_000),
    LIMIT_SOCKETS_PER_ADDRESS: integer(
      0,
      1_000_000,
      'WebSockets that one address (IPv6: one /64) may have open on this instance; 0: as many as come.',
    ).default(1_000),

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
    MANAGEMENT_API_URL: text(
      'Address of the Management service, which is asked for licences hourly. Without it licences come by webhook only.',
      { expected: 'an address such as https://manage.monozu.io' },
    )
      .refine(publicUrl)
      .transform(value => value.replace(/\/+$/, ''))
      .optional(),
    ADMIN_PANEL_ENABLED: flag('Serves `/api/v1/admin/*` to operators of the platform.').default(false),
    PLATFORM_ADMIN_EMAIL_DOMAIN: text('Users of this e-mail domain who log in with a second factor are operators.', {
      expected: 'a domain such as monozu.io',
    })
      .transform(domain => domain.toLowerCase())
      .refine(isDomain)
      .optional(),
    LICENSE_GRACE_DAYS: integer(
      0,
      365,
      'Days after expiry in which log-in still works, without licensed features.',
    ).default(14),

    INGEST_RETENTION_DAYS: integer(
      1,
      365,
      'Days that events of devices are kept, for tenants that have not set it.',
    ).default(30),

    SMTP_URL: text(
      'Mail server: `smtp://` (with STARTTLS where it is offered) or `smtps://`. Without one: files in DATA_DIR.',
      {
        secret: true,
        expected: 'smtps://user:password@host:465',
      },
    )
      .refine(smtpUrl)
      .optional(),
    RESEND_API_KEY: text('Sends mail by Resend where SMTP_URL is not set.', { secret: true }).optional(),
    RESEND_FROM_ADDR: text('Who mails come from, with SMTP_URL too.', {
      expected: 'an address such as no-reply@monozu.io',
    })
      .refine(value => z.email().safeParse(value).success)
      .default('no-reply@localhost.localdomain'),

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

    APPLICATIONINSIGHTS_CONNECTION_STRING: text('Application Insights that traces, metrics and logs go to.', {
      secret: true,
      expected: '`InstrumentationKey=…;IngestionEndpoint=https://…`',
    })
      .regex(/^(?:.*;)?\s*InstrumentationKey\s*=\s*[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\s*(?:;|$)/i)
      .optional(),
    OTEL_EXPORTER_OTLP_ENDPOINT: text(
      'OpenTelemetry collector that traces, metrics and logs go to by OTLP/HTTP; `/v1/traces` and so on are appended.',
      { expected: 'an address such as http://localhost:4318' },
    )
      .refine(value => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol))
      .optional(),
    OTEL_EXPORTER_OTLP_HEADERS: text('Headers that the collector asks for.', {
      secret: true,
      expected: '`name=value,name=value`, percent-encoded',
    })
      .refine(value => readKeyPairs(value) !== undefined)
      .optional(),
    OTEL_SERVICE_NAME: text('Name of this service in telemetry.').default('monozu-cloud'),
    OTEL_RESOURCE_ATTRIBUTES: text('Further attributes of all telemetry, such as the environment.', {
      expected: '`name=value,name=value`, percent-encoded',
    })
      .refine(value => readKeyPairs(value) !== undefined)
      .optional(),
    OTEL_TRACES_SAMPLER: choice(
      [
        'always_on',
        'always_off',
        'traceidratio',
        'parentbased_always_on',
        'parentbased_always_off',
        'parentbased_traceidratio',
      ],
      'Which traces are recorded; `parentbased`: as the caller decided, if it sent a `traceparent`.',
    ).default('parentbased_always_on'),
    OTEL_TRACES_SAMPLER_ARG: fraction('Share of the traces that `traceidratio` records.').default(1),
    OTEL_METRIC_EXPORT_INTERVAL: integer(1_000, 3_600_000, 'Milliseconds between two exports of metrics.').default(
      60_000,
    ),
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
    if (settings.MS_CLIENT_ID !== undefined && settings.MS_CLIENT_SECRET === undefined) {
      refuse(
        'MS_CLIENT_SECRET',
        'needed with MS_CLIENT_ID, but it is not set; set it to the secret of the app registration',
      )
    }
    if (settings.AUTH_POLICY === 'restricted' && settings.MS_CLIENT_ID === undefined) {
      refuse('MS_CLIENT_ID', 'needed when AUTH_POLICY is restricted, but it is not set: nobody could log in')
    }
    if (settings.AUTH_POLICY === 'restricted' && settings.AUTH_ALLOWED_EMAIL_DOMAINS.length === 0) {
      refuse(
        'AUTH_ALLOWED_EMAIL_DOMAINS',
        'needed when AUTH_POLICY is restricted, but it is empty: nobody could log in',
      )
    }
    if (settings.ADMIN_PANEL_ENABLED && settings.PLATFORM_ADMIN_EMAIL_DOMAIN === undefined) {
      refuse(
        'PLATFORM_ADMIN_EMAIL_DOMAIN',
        'needed when ADMIN_PANEL_ENABLED is on, but it is not set; set it to your domain',
      )
    }
  })

/** The kernel's settings as they come out of the schema, by the names of their environment variables. */
export type KernelSettings = z.output<typeof kernelSettings>
