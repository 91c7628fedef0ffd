import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sampleAsset, sampleInput, sampleSize, sampleTenant } from '../sample.ts'
import { installPeer, run } from './install.ts'
import type { Peer } from './peer.ts'
import { dropPageIndex, seedPeer } from './seed.ts'
import { freePort, startNode } from './start.ts'
import { writeStrapiProject } from './strapi-project.ts'

const version = '5.54.0'
const script = fileURLToPath(new URL('strapi-run.ts', import.meta.url))

/** Strapi on SQLite (better-sqlite3); installed and set up on the first call, which takes some minutes. */
export async function startPeer(index: boolean): Promise<Peer> {
  const folder = await installPeer({
    folder: `strapi-${version}`,
    dependencies: {
      '@strapi/strapi': version,
      '@strapi/plugin-users-permissions': version,
      'better-sqlite3': '13.2.0',
      react: '18.3.1',
      'react-dom': '18.3.1',
      'react-router-dom': '6.30.3',
      'styled-components': '6.1.19',
    },
  })
  const template = join(folder, 'template.db')
  const tokenFile = join(folder, 'token')
  if (!existsSync(template)) await setUp(folder, template, tokenFile)
  const file = join(folder, 'run.db')
  remove(file)
  copyFileSync(template, file)
  if (!index) dropPageIndex(file)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const env = settings(file, port)
  const { pid, stop } = await startNode([script, 'start'], { cwd: folder, env, ping: `${url}/_health` })
  const items = `${url}/api/assets`
  const page = 'pagination[start]=0&pagination[limit]=50'
  const list = `${items}?${page}&sort=createdAt:desc,id:desc&filters[tenant_id][$eq]=${sampleTenant}`
  return {
    name: `Strapi ${version}`,
    pid,
    url,
    listUrl: `${list}&pagination[withCount]=false`,
    countedListUrl: list,
    readUrl: `${items}/${sampleAsset(sampleSize - 1).id}`,
    createUrl: items,
    headers: { authorization: `Bearer ${readFileSync(tokenFile, 'utf8')}`, 'content-type': 'application/json' },
    createBody: i => ({ data: { ...sampleInput(sampleSize + i), tenant_id: sampleTenant } }),
    stop,
  }
}

/** Makes the project and its database: tables, a user whose role may read and create assets, his token, the sample. */
async function setUp(folder: string, template: string, tokenFile: string): Promise<void> {
  const file = join(folder, 'setup.db')
  remove(file)
  writeStrapiProject(folder)
  await run(process.execPath, [script, 'prepare', tokenFile], folder, settings(file, 1))
  seedPeer(file, ({ id, cpes, created_at, updated_at, ...rest }) => ({
    ...rest,
    document_id: id,
    tenant_id: sampleTenant,
    cpes: JSON.stringify(cpes),
    created_at: Date.parse(created_at),
    updated_at: Date.parse(updated_at),
    published_at: Date.parse(created_at),
  }))
  copyFileSync(file, template)
  remove(file)
}

function remove(file: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true })
}

function settings(file: string, port: number): Record<string, string> {
  return {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: String(port),
    DATABASE_FILENAME: file,
    STRAPI_TELEMETRY_DISABLED: 'true',
    STRAPI_HIDE_STARTUP_MESSAGE: 'true',
    STRAPI_DISABLE_UPDATE_NOTIFICATION: 'true',
  }
}
