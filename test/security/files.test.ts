import { chmodSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { startServer, temporaryFolder } from '../faults/server.ts'

test('what the server writes is for its owner alone, also in a folder that others may look into', async t => {
  const folder = temporaryFolder(t)
  chmodSync(folder, 0o755)
  const server = await startServer(t, { env: { DATA_DIR: folder, DATABASE_URL: '' } })
  const files = readdirSync(folder).filter(name => statSync(path.join(folder, name)).isFile())
  t.true(files.includes('monozu.db'))
  for (const name of files) t.is(statSync(path.join(folder, name)).mode & 0o077, 0, name)
  await server.end()
})
