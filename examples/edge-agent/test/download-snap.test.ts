import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { downloadSnap } from '../download-snap.ts'

const content = randomBytes(300_000)
const sha256 = createHash('sha256').update(content).digest('hex')
const { signal } = new AbortController()

async function served(t: ExecutionContext, listener: RequestListener) {
  const server = createServer(listener).listen(0)
  t.teardown(() => server.close())
  const folder = await mkdtemp(path.join(os.tmpdir(), 'edge-download-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const download_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/snap`
  return { folder, offer: { name: 'edgezu', version: '1.2.3', download_url, sha256, size_bytes: content.length } }
}

async function arrived(file: string, bytes: number): Promise<void> {
  while ((await stat(file).catch(() => undefined))?.size !== bytes) await new Promise(setImmediate)
}

test('a download that is cut off goes on where it ended', async t => {
  const ranges: (string | undefined)[] = []
  const { offer, folder } = await served(t, (request, response) => {
    const { range } = request.headers
    ranges.push(range)
    const from = Number(/\d+/.exec(range ?? '0')?.[0])
    const left = content.subarray(from)
    response.writeHead(range ? 206 : 200, { 'Content-Length': left.length })
    if (range) response.end(left)
    else {
      response.write(left.subarray(0, 100_000))
      void arrived(path.join(folder, 'edgezu_1.2.3.snap.part'), 100_000).then(() => response.destroy())
    }
  })
  const file = await downloadSnap(offer, folder, signal)
  t.true(content.equals(await readFile(file)))
  t.deepEqual(ranges, [undefined, 'bytes=100000-'])
})

test('content that is not what was promised is thrown away', async t => {
  const { offer, folder } = await served(t, (_request, response) => response.end(content))
  await t.throwsAsync(downloadSnap({ ...offer, sha256: 'f'.repeat(64) }, folder, signal), { message: /SHA-256/ })
  t.deepEqual(await readdir(folder), [])
})

test('a refusal is not tried again', async t => {
  let asked = 0
  const { offer, folder } = await served(t, (_request, response) => {
    asked += 1
    response.writeHead(403).end()
  })
  await t.throwsAsync(downloadSnap(offer, folder, signal), { message: /403/ })
  t.is(asked, 1)
})
