import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const secret = 'a-secret-of-the-benchmark-that-guards-nothing-at-all'
const text = [
  'name',
  'type',
  'site_id',
  'tenant_id',
  'producer',
  'model',
  'version',
  'ip_address',
  'mac_address',
  'criticality',
  'lifecycle',
]

/** Writes a Strapi 5 project with one content type, `asset`, into a folder where its packages are installed. */
export function writeStrapiProject(folder: string): void {
  for (const [name, body] of Object.entries(files)) {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, body)
  }
  mkdirSync(join(folder, 'public/uploads'), { recursive: true })
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>
  const strapi = { uuid: false, telemetryDisabled: true }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...manifest, strapi }, null, 2))
}

const schema = {
  kind: 'collectionType',
  collectionName: 'assets',
  info: { singularName: 'asset', pluralName: 'assets', displayName: 'Asset' },
  options: { draftAndPublish: false },
  attributes: { ...Object.fromEntries(text.map(name => [name, { type: 'string' }])), cpes: { type: 'json' } },
}

/** All of Strapi's own middlewares but its request log. */
const middlewares = ['errors', 'security', 'cors', 'poweredBy', 'query', 'body', 'session', 'favicon', 'public']

const files: Record<string, string> = {
  'config/server.js': `module.exports = ({ env }) => ({
  host: env('HOST'),
  port: env.int('PORT'),
  app: { keys: ['${secret}'] },
  logger: { updates: { enabled: false }, startup: { enabled: false }, config: { silent: true } },
})
`,
  'config/logger.js': `module.exports = { silent: true }
`,
  'config/admin.js': `module.exports = {
  serveAdminPanel: false,
  auth: { secret: '${secret}' },
  apiToken: { salt: '${secret}' },
  transfer: { token: { salt: '${secret}' } },
  secrets: { encryptionKey: '${secret}' },
  rateLimit: { enabled: false },
}
`,
  'config/database.js': `module.exports = ({ env }) => ({
  connection: {
    client: 'sqlite',
    connection: { filename: env('DATABASE_FILENAME') },
    useNullAsDefault: true,
  },
})
`,
  'config/plugins.js': `module.exports = {
  'users-permissions': { config: { jwtSecret: '${secret}', ratelimit: { enabled: false } } },
}
`,
  'config/middlewares.js': `module.exports = ${JSON.stringify(middlewares.map(name => `strapi::${name}`))}
`,
  'src/index.js': `module.exports = { register() {}, bootstrap() {} }
`,
  'src/api/asset/content-types/asset/schema.json': JSON.stringify(schema, null, 2),
  'src/api/asset/controllers/asset.js': factory('Controller'),
  'src/api/asset/routes/asset.js': factory('Router'),
  'src/api/asset/services/asset.js': factory('Service'),
}

function factory(kind: string): string {
  return `module.exports = require('@strapi/strapi').factories.createCore${kind}('api::asset.asset')\n`
}
