/**
 * Runs Strapi in its project's folder (the working directory): `prepare <file>` makes the tables and a user and writes
 * his token to the file, `start` serves.
 */
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

interface Query {
  findOne(what: unknown): Promise<{ id: number } | null>
  create(what: unknown): Promise<{ id: number }>
}

interface Strapi {
  load(): Promise<Strapi>
  start(): Promise<Strapi>
  destroy(): Promise<void>
  db: { query(uid: string): Query }
  plugin(name: string): {
    service(name: string): { add(user: unknown): Promise<{ id: number }>; issue(claims: unknown): string }
  }
}

interface StrapiPackage {
  createStrapi(options: { appDir: string; distDir: string; serveAdminPanel: boolean }): Strapi
}

const folder = process.cwd()
const require = createRequire(join(folder, 'package.json'))
const { createStrapi } = require('@strapi/strapi') as StrapiPackage
const app = createStrapi({ appDir: folder, distDir: folder, serveAdminPanel: false })
const [task, tokenFile] = process.argv.slice(2)

if (task === 'start') {
  await app.start()
} else if (task === 'prepare' && tokenFile !== undefined) {
  await app.load()
  writeFileSync(tokenFile, await reader(app))
  await app.destroy()
  process.exit(0)
} else {
  throw new Error('Say start, or prepare and a file for the token')
}

async function reader(strapi: Strapi): Promise<string> {
  const users = strapi.plugin('users-permissions')
  const role = await strapi.db.query('plugin::users-permissions.role').create({
    data: { name: 'Reader', type: 'reader', description: 'May read and create assets' },
  })
  for (const action of ['find', 'findOne', 'create']) {
    const data = { action: `api::asset.asset.${action}`, role: role.id }
    await strapi.db.query('plugin::users-permissions.permission').create({ data })
  }
  const user = await users.service('user').add({
    username: 'reader',
    email: 'reader@example.com',
    password: 'Benchmark-1',
    provider: 'local',
    confirmed: true,
    blocked: false,
    role: role.id,
  })
  return users.service('jwt').issue({ id: user.id })
}
