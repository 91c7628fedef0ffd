import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { discrepancies, Load, storedAssets } from './load.ts'
import { type ServerProcess, startServer, temporaryFolder } from './server.ts'
import { newTenant } from './tenant.ts'

const ROOM = 200_000

/** Lets no file of a process grow beyond this size, as a full disk does; `unlimited` makes room again. */
function limitFiles({ pid }: ServerProcess, bytes: number | 'unlimited'): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`prlimit: ${stderr}`)
}

const largestFile = (folder: string): number =>
  Math.max(...readdirSync(folder).map(file => statSync(path.join(folder, file)).size))

test('a full disk: writes get 503 storage_full, reads go on, readiness says so; with room again all is well', async t => {
  if (spawnSync('prlimit', ['--version']).status !== 0) {
    t.log('skipped: there is no prlimit (util-linux) to fill a disk with')
    return t.pass()
  }
  const env = { DATA_DIR: temporaryFolder(t) }
  const server = await startServer(t, { env })
  const { client } = await newTenant(server.url)
  const load = new Load(t, client)
  for (let round = 0; round < 2; round += 1) {
    await load.acknowledges(20)
    limitFiles(server, largestFile(env.DATA_DIR) + ROOM)
    await server.becomes(503)
    t.deepEqual((await server.ready())?.body, { status: 'unavailable', problems: { storage: 'full' } })
    const refused = await client.post('/assets', { name: 'too much', type: 'plc' })
    t.is(`${refused.status} ${refused.body.error}`, '503 storage_full')
    t.is((await client.get('/assets?limit=1')).status, 200)
    t.is((await client.get('/health/live')).status, 200)
    limitFiles(server, 'unlimited')
    await server.becomes(200)
  }
  await load.acknowledges(20)
  await load.stop()
  t.deepEqual(load.others('POST 201', 'GET 200', 'POST 503'), {}, JSON.stringify(load.refusals))
  t.deepEqual([...new Set(load.refusals.map(refusal => (refusal as { error: string }).error))], ['storage_full'])

  t.deepEqual(await server.end(), { code: 0, signal: null })
  const again = await startServer(t, { env })
  const stored = await storedAssets(client.at(again.url))
  t.deepEqual(discrepancies(load, stored), [])
  t.is(stored.size, load.acknowledged.size, 'what was refused was not stored')
})
