import { once } from 'node:events'
import { type ClientRequest, createServer, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import type { Log } from '../../../kernel/contract.ts'
import { type Plant, startPlant } from './plant.ts'

type Line = Readonly<Record<string, unknown>>

/** A plant behind a real port, with what it logs. */
interface Served extends Plant {
  readonly requests: Line[]
  readonly errors: unknown[]
  send(method: string, path: string): ClientRequest
}

async function serve(): Promise<Served> {
  const requests: Line[] = []
  const errors: unknown[] = []
  const quiet = (): void => undefined
  const keep = (...fields: unknown[]): void => void errors.push(fields)
  const log = { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: keep, fatal: keep, enabled: () => true }
  const whole: Log = { ...log, child: () => whole }
  const logging = {
    log: whole,
    requestLog: (line: object) => requests.push({ ...line }),
    tap: quiet,
    flush: quiet,
    close: quiet,
  }
  const plant = await startPlant({ kernel: { logging } as never })
  const { kernel } = plant.kernel
  const login = { email: 'admin@tenant-a.example', password: 'correct horse battery staple 42' }
  const { body } = await plant.kernel.anonymous.post('/auth/login', login)
  const server: Server = createServer(kernel.app.callback()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    ...plant,
    requests,
    errors,
    send: (method, path) =>
      request({
        port: (server.address() as AddressInfo).port,
        method,
        path: `/api/v1${path}`,
        headers: { authorization: `Bearer ${body.access_token}`, 'content-type': 'text/csv' },
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await plant[Symbol.asyncDispose]()
    },
  }
}

async function read(outgoing: ClientRequest): Promise<{ status: number; text: string }> {
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of incoming.setEncoding('utf8')) text += chunk
  return { status: incoming.statusCode ?? 0, text }
}

async function until<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

const rows = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `K-${from + i},Asset ${from + i},plc\n`).join('')

const countOf = async ({ user }: Plant): Promise<number> =>
  (await user.get('/assets?count=true&limit=1')).body.count as number

test('an import is written while it arrives, and a client that goes away leaves whole chunks', async t => {
  await using plant = await serve()
  const upload = plant.send('POST', '/assets/import')
  upload.on('error', () => undefined)
  upload.write(`key,name,type\n${rows(0, 1_200)}`)
  await until(async () => (await countOf(plant)) === 1_000)
  upload.destroy()
  const line = await until(() => plant.requests.find(({ route }) => route === '/api/v1/assets/import'))
  t.like(line, { status: 400, error: 'malformed' })
  t.is(await countOf(plant), 1_000)
  t.deepEqual(plant.errors, [])
  const created = (await plant.kernel.audit('a')).filter(({ action }) => action === 'asset.created')
  t.is(created.length, 1_000)

  const again = await plant.importCsv(`key,name,type\n${rows(0, 1_200)}`)
  t.like(again.body, { created: 200, unchanged: 1_000, failed: 0 })
})

test('a file that cannot be imported is refused while it is still being sent', async t => {
  await using plant = await serve()
  const upload = plant.send('POST', '/assets/import')
  upload.write('name,colour\n')
  upload.write('A,red\n'.repeat(100_000))
  const { status, text } = await read(upload)
  t.is(status, 422)
  t.regex(text, /Unknown column \\"colour\\"/)
  upload.destroy()
  t.is(await countOf(plant), 0)
  t.deepEqual(plant.errors, [])
})

test('a file that is too large says how many rows of it are imported', async t => {
  await using plant = await serve()
  const upload = plant.send('POST', '/assets/import')
  upload.on('error', () => undefined)
  upload.write(`key,name,type\n${rows(0, 600)}`)
  const filler = `\n${' '.repeat(1_000_000)}`
  for (let sent = 0; sent < 51; sent++) upload.write(filler)
  const { status, text } = await read(upload)
  t.is(status, 413)
  t.regex(text, /at most 50000000 bytes\. 500 rows before that are imported/)
  t.is(await countOf(plant), 500)
})

test('one file sent twice at the same time makes each asset once', async t => {
  await using plant = await serve()
  const csv = `name,type\n${rows(0, 1_500).replaceAll(/^K-\d+,/gm, '')}`
  const answers = await Promise.all([1, 2].map(() => read(plant.send('POST', '/assets/import').end(csv))))
  const reports = answers.map(({ text }) => JSON.parse(text))
  t.is(reports[0].created + reports[1].created, 1_500)
  t.is(reports[0].unchanged + reports[1].unchanged, 1_500)
  t.is(await countOf(plant), 1_500)
})

test('an export is not disturbed by what is added meanwhile', async t => {
  await using plant = await serve()
  await plant.importCsv(`key,name,type\n${rows(0, 3_000)}`)
  const [incoming] = (await once(plant.send('GET', '/assets/export').end(), 'response')) as [IncomingMessage]
  plant.kernel.clock.advance(1_000)
  await plant.user.post('/assets', { name: 'Late', type: 'plc' })
  let text = ''
  for await (const chunk of incoming.setEncoding('utf8')) text += chunk
  const keys = text.split('\n').flatMap(line => /,(K-\d+),/.exec(line)?.[1] ?? [])
  t.is(new Set(keys).size, 3_000)
  t.is(keys.length, 3_000)
})

test('a client that leaves an export ends the reading, and is no fault of ours', async t => {
  await using plant = await serve()
  await plant.importCsv(`key,name,type\n${rows(0, 3_000)}`)
  const download = plant.send('GET', '/assets/export').end()
  const [incoming] = (await once(download, 'response')) as [IncomingMessage]
  await once(incoming, 'data')
  download.on('error', () => undefined)
  incoming.destroy()
  const line = await until(() => plant.requests.find(({ route }) => route === '/api/v1/assets/export'))
  t.is(line.status, 200)
  t.deepEqual(plant.errors, [])
  t.is(await countOf(plant), 3_000)
})
