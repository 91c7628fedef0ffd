import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'

test('a server that nobody opens a socket on loads neither the protocol nor a client of Redis', async t => {
  const script = path.join(import.meta.dirname, 'loaded-modules.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [script], { maxBuffer: 10_000_000 })
  const modules: string[] = JSON.parse(stdout)
  t.true(modules.some(url => url.endsWith('/kernel/ws/sockets.ts')))
  t.deepEqual(
    modules.filter(url => /\/node_modules\/(ws|@redis)\//.test(url)),
    [],
  )
})
