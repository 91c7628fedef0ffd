import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import test from 'ava'
import { ACCOUNT, sharedAzurite } from '../../plugins/snaps/test/azurite.ts'
import { answerTo, beginPublishing, PUBLISH_TOKEN, publish, writeMegabytes } from './publishing.ts'
import { eventually, startServer, temporaryFolder } from './server.ts'
import { newTenant } from './tenant.ts'

const azuriteHere = sharedAzurite(test)

const filesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : [])

/** A blob store that refuses as Azure does while it is told to, and is Azurite otherwise. */
class MoodyStore {
  refuses = false
  readonly #server: Server
  readonly #behind: URL

  constructor(behind: string) {
    this.#behind = new URL(behind)
    this.#server = createServer((incoming, outgoing) => this.#serve(incoming, outgoing))
  }

  async listen(port = 0): Promise<number> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    if (this.#server.listening) await new Promise(resolve => this.#server.close(resolve))
  }

  #serve(incoming: IncomingMessage, outgoing: ServerResponse): void {
    if (this.refuses && incoming.method !== 'GET' && incoming.method !== 'HEAD') {
      incoming.resume()
      const code = 'AuthorizationPermissionMismatch'
      outgoing.writeHead(403, { 'x-ms-error-code': code, 'Content-Type': 'application/xml' })
      outgoing.end(`<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>no</Message></Error>`)
      return
    }
    const { method, url, headers } = incoming
    const { hostname, port } = this.#behind
    const sent = https.request({ hostname, port, path: url, method, headers }, response => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(outgoing)
    })
    sent.on('error', () => outgoing.destroy())
    incoming.pipe(sent)
  }
}

test('a blob store that refuses, or is gone: publishing says which, the rest goes on, and later all is well', async t => {
  const azurite = await azuriteHere()
  if (!azurite?.identities) {
    t.log('skipped: Azurite does not start here, or there is no openssl to make a certificate for it')
    return t.pass()
  }
  const store = new MoodyStore(azurite.endpoint)
  t.teardown(() => store.close())
  const port = await store.listen()
  const server = await startServer(t, {
    env: {
      DATA_DIR: temporaryFolder(t),
      SNAP_PUBLISH_TOKEN: PUBLISH_TOKEN,
      AZURE_STORAGE_CONNECTION_STRING: azurite.connection
        .replace('Protocol=https', 'Protocol=http')
        .replace(azurite.endpoint, `http://127.0.0.1:${port}/${ACCOUNT}`),
    },
  })
  const { client } = await newTenant(server.url)
  t.is((await publish(server.url, '1.0', 3)).status, 201)

  store.refuses = true
  const refused = await publish(server.url, '1.1', 12)
  t.is(`${refused.status} ${refused.body.error}`, '503 blob_store_read_only')
  t.regex(refused.body.detail, /Storage Blob Data Contributor/)

  await store.close()
  const gone = await publish(server.url, '1.1', 12)
  t.is(`${gone.status} ${gone.body.error} ${gone.retryAfter}`, '503 blob_store_unavailable 30')
  t.is((await client.get('/assets')).status, 200)
  t.is((await server.ready())?.status, 200, 'the balancer keeps the instance')
  t.is((await client.get('/snaps?count=true')).body.count, 1)

  const again = new MoodyStore(azurite.endpoint)
  t.teardown(() => again.close())
  await again.listen(port)
  const made = await publish(server.url, '1.1', 12)
  t.is(made.status, 201, JSON.stringify(made.body))
  t.is(made.body.size_bytes, 12_000_000)
  t.is((await client.get('/snaps?count=true')).body.count, 2)
})

test('a disk that is full while a package comes: 503 storage_full, and nothing of it is left', async t => {
  if (spawnSync('prlimit', ['--version']).status !== 0) {
    t.log('skipped: there is no prlimit (util-linux) to fill a disk with')
    return t.pass()
  }
  const DATA_DIR = temporaryFolder(t)
  const folder = path.join(DATA_DIR, 'snaps')
  const server = await startServer(t, { env: { DATA_DIR, SNAP_PUBLISH_TOKEN: PUBLISH_TOKEN } })
  const limit = (bytes: string): unknown =>
    spawnSync('prlimit', ['--pid', String(server.pid), `--fsize=${bytes}:unlimited`])
  limit('10000000')
  const refused = await publish(server.url, '1.0', 15)
  t.is(`${refused.status} ${refused.body.error}`, '503 storage_full')
  t.deepEqual(filesIn(folder), [])
  limit('unlimited')
  await server.becomes(200)
  const made = await publish(server.url, '1.0', 15)
  t.is(made.status, 201)
  t.is(statSync(path.join(folder, `${made.body.id}.snap`)).size, 15_000_000)
  await eventually('the log to tell of it', () =>
    server.log.some(({ msg }) => msg === 'published edgezu 1.0 to stable'),
  )
})

test('kill -9 while a package comes: nobody sees half of it, and it can be published again', async t => {
  const DATA_DIR = temporaryFolder(t)
  const folder = path.join(DATA_DIR, 'snaps')
  const env = { DATA_DIR, SNAP_PUBLISH_TOKEN: PUBLISH_TOKEN }
  const server = await startServer(t, { env })
  const sent = beginPublishing(server.url, '1.0')
  const ended = answerTo(sent)
  await writeMegabytes(sent, 5)
  await eventually('some of it to be on the disk', () =>
    filesIn(folder).some(file => statSync(path.join(folder, file)).size > 1_000_000),
  )
  await server.end('SIGKILL')
  await t.throwsAsync(ended)
  t.true(filesIn(folder).every(file => file.endsWith('.part')))

  const next = await startServer(t, { env })
  const { client } = await newTenant(next.url)
  t.deepEqual((await client.get('/snaps')).body.items, [])
  const made = await publish(next.url, '1.0', 5)
  t.is(made.status, 201)
  t.is(statSync(path.join(folder, `${made.body.id}.snap`)).size, 5_000_000)
})

test('the memory of the server does not grow with the package', async t => {
  const server = await startServer(t, { env: { DATA_DIR: temporaryFolder(t), SNAP_PUBLISH_TOKEN: PUBLISH_TOKEN } })
  await publish(server.url, '0.1', 10)
  const before = server.residentMegabytes()
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, server.residentMegabytes())
  }, 20)
  t.teardown(() => clearInterval(watch))

  const raw = await publish(server.url, '1.0', 64)
  t.is(raw.body.size_bytes, 64_000_000)

  const form = beginPublishing(server.url, '1.1', 'multipart/form-data; boundary=the-boundary')
  const answer = answerTo(form)
  const part = (name: string, more = ''): string =>
    `--the-boundary\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`
  form.write(part('file', '; filename="edgezu.snap"'))
  await writeMegabytes(form, 64)
  for (const [name, value] of Object.entries({ name: 'edgezu', version: '1.1', channel: 'edge' })) {
    form.write(`\r\n${part(name)}${value}`)
  }
  form.end('\r\n--the-boundary--\r\n')
  t.like((await answer).body, { version: '1.1', size_bytes: 64_000_000 })
  t.true(most - before < 50, `from ${Math.round(before)} to ${Math.round(most)} MB`)
})
