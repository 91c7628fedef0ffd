import { once } from 'node:events'
import { readdir, readlink } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import test, { type ExecutionContext } from 'ava'
import { codeOf, digestOf, type House, openHouse } from './house.ts'

const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8)) % 251))
const etag = `"${digestOf(content)}"`

async function offered(t: ExecutionContext, body = content): Promise<House & { readonly address: string }> {
  const house = await openHouse(t)
  const { status } = await house.publish({ version: '1.0' }, body)
  t.is(status, 201)
  return { ...house, address: house.reach((await house.ask('/snaps/latest')).body.download_url) }
}

const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer())

test('a package comes whole, as it was published, and is not compressed on its way', async t => {
  const { address } = await offered(t, Buffer.alloc(500_000, 'text that compresses well '))
  const response = await fetch(address, { headers: { 'Accept-Encoding': 'gzip, br' } })
  t.is(response.status, 200)
  const { headers } = response
  t.is(headers.get('content-encoding'), null)
  t.is(headers.get('content-length'), '500000')
  t.is(headers.get('content-type'), 'application/octet-stream')
  t.is(headers.get('accept-ranges'), 'bytes')
  t.regex(headers.get('cache-control') ?? '', /immutable/)
  t.regex(headers.get('content-disposition') ?? '', /filename="edgezu_1\.0\.snap"/)
  const bytes = await bytesOf(response)
  t.is(headers.get('etag'), `"${digestOf(bytes)}"`)
})

test('a download that was cut off goes on where it stopped', async t => {
  const { address } = await offered(t)
  const outgoing = request(address).end()
  outgoing.on('error', () => undefined)
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  const [first] = (await once(incoming, 'data')) as [Buffer]
  outgoing.destroy()

  const rest = await fetch(address, { headers: { Range: `bytes=${first.length}-`, 'If-Range': etag } })
  t.is(rest.status, 206)
  t.is(rest.headers.get('content-range'), `bytes ${first.length}-${content.length - 1}/${content.length}`)
  t.true(content.equals(Buffer.concat([first, await bytesOf(rest)])))
})

test('any range of it can be had, and nothing beyond its end', async t => {
  const { address } = await offered(t)
  const part = async (range: string, headers = {}) => {
    const response = await fetch(address, { headers: { Range: range, 'Accept-Encoding': 'gzip', ...headers } })
    return { response, bytes: await bytesOf(response) }
  }
  for (const [range, from, to] of [
    ['bytes=0-0', 0, 1],
    ['bytes=100000-200000', 100_000, 200_001],
    ['bytes=-5', 299_995, 300_000],
    ['bytes=299999-400000', 299_999, 300_000],
  ] as const) {
    const { response, bytes } = await part(range)
    t.is(response.status, 206, range)
    t.is(response.headers.get('content-length'), String(to - from))
    t.true(content.subarray(from, to).equals(bytes), range)
  }
  for (const [range, headers] of [
    ['bytes=0-1,5-6', {}],
    ['bytes=5-6', { 'If-Range': '"another"' }],
    ['bytes=5-6', { 'If-Range': 'Wed, 21 Oct 2026 07:28:00 GMT' }],
  ] as const) {
    const { response, bytes } = await part(range, headers)
    t.is(response.status, 200, JSON.stringify([range, headers]))
    t.is(bytes.length, content.length)
  }
  const { response } = await part('bytes=300000-')
  t.is(response.status, 416)
  t.is(response.headers.get('content-range'), 'bytes */300000')
})

test('HEAD and a known ETag ask without getting the content', async t => {
  const { address, folder } = await offered(t)
  const head = await fetch(address, { method: 'HEAD' })
  t.is(head.status, 200)
  t.is(head.headers.get('content-length'), '300000')
  t.is(head.headers.get('etag'), etag)
  const known = await fetch(address, { headers: { 'If-None-Match': `"x", ${etag}` } })
  t.is(known.status, 304)
  t.deepEqual((await openFiles(folder)) ?? [], [])
})

test('an address is good for its package and its time, and for nothing else', async t => {
  const house = await offered(t)
  await house.publish({ version: '1.1', channel: 'edge' }, 'another')
  const { anonymous, clock } = house.kernel
  const path = house.address.slice(house.url.length)
  const expires = Number(/expires=(\d+)/.exec(path)?.[1])
  for (const forged of [
    path.replace('/1.0/', '/1.1/'),
    path.replace('/edgezu/', '/other/'),
    path.replace(`expires=${expires}`, `expires=${expires + 1}`),
    path.replace(/signature=./, 'signature=~'),
    path.replace(/signature=.*/, 'signature='),
    path.slice(0, -1),
  ]) {
    t.is(codeOf(await anonymous.get(forged)), '403 download_forged', forged)
  }
  t.is(codeOf(await anonymous.get(path.replace(/&signature=.*/, ''))), '422 invalid')
  t.is((await anonymous.get(path)).status, 200)
  clock.advance(15 * 60_000 + 1_000)
  t.is(codeOf(await anonymous.get(path)), '403 download_expired')
  t.is((await fetch(house.reach((await house.ask('/snaps/latest')).body.download_url))).status, 200)
})

test('a client that goes away closes the file', async t => {
  const { address, folder } = await offered(t, Buffer.alloc(20_000_000, 1))
  for (let i = 0; i < 3; i++) {
    const outgoing = request(address).end()
    outgoing.on('error', () => undefined)
    const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
    await once(incoming, 'data')
    incoming.pause()
    t.is((await openFiles(folder))?.length ?? 1, 1)
    outgoing.destroy()
    while (((await openFiles(folder))?.length ?? 0) > 0) await new Promise(resolve => setTimeout(resolve, 5))
  }
})

/** What this process has open in a folder; undefined where the system does not tell. */
async function openFiles(folder: string): Promise<string[] | undefined> {
  const handles = await readdir('/proc/self/fd').catch(() => undefined)
  const targets = handles?.map(handle => readlink(`/proc/self/fd/${handle}`).catch(() => ''))
  return targets && (await Promise.all(targets)).filter(target => target.startsWith(folder))
}
