import { readFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { DocumentCache } from '../../../../kernel/access/oidc/document-cache.ts'
import { isPublicAddress, ProviderUnavailable, providerFetch } from '../../../../kernel/access/oidc/provider-fetch.ts'
import { startDns } from './dns-server.ts'

const get = { method: 'GET', headers: {}, body: undefined, redirect: 'manual' } as const

async function serve(t: ExecutionContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('addresses inside networks are known as such', t => {
  const inside = [
    '127.0.0.1',
    '127.1.2.3',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '169.254.169.254',
    '168.63.129.16',
    '224.0.0.1',
    '255.255.255.255',
    '198.18.0.1',
    '::1',
    '::',
    'fe80::1',
    'fc00::1',
    'fd12:3456::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '::7f00:1',
    '4000::1',
    'not an address',
  ]
  for (const address of inside) t.false(isPublicAddress(address), address)
  for (const address of ['8.8.8.8', '20.190.128.1', '2606:4700::1', '::ffff:8.8.8.8'])
    t.true(isPublicAddress(address), address)
})

test('in production tenants get nothing from inside, by name or by number, however it is written', async t => {
  let asked = 0
  const address = await serve(t, (_request, response) => {
    asked++
    response.end('{}')
  })
  const { port } = new URL(address)
  const careful = providerFetch({ secure: false, publicOnly: true })
  for (const host of [
    '127.0.0.1',
    'localhost',
    '[::1]',
    '2130706433',
    '0x7f.1',
    '0',
    '[::ffff:127.0.0.1]',
    'localhost.',
  ]) {
    const error = await t.throwsAsync(
      careful(`http://${host}:${port}/`, get),
      { instanceOf: ProviderUnavailable },
      host,
    )
    t.true(error.fault === 'private_address' || error.fault === 'unreachable', `${host}: ${error.fault}`)
  }
  t.is(asked, 0)
  const open = providerFetch({ secure: false, publicOnly: false })
  t.is((await open(address, get)).status, 200)
})

test('a name is judged by all its addresses', async t => {
  const dns = await startDns(t)
  const careful = providerFetch({ secure: false, publicOnly: true, dnsServers: [dns.address] })
  dns.addresses.set('inside.example', ['10.1.2.3'])
  dns.addresses.set('both.example', ['8.8.8.8', '127.0.0.1'])
  for (const [host, fault] of [
    ['inside.example', 'private_address'],
    ['both.example', 'private_address'],
    ['nowhere.example', 'unreachable'],
  ] as const) {
    const error = await t.throwsAsync(careful(`http://${host}/`, get), { instanceOf: ProviderUnavailable }, host)
    t.is(error.fault, fault, host)
  }
})

test('a name server that does not answer holds up nobody else', async t => {
  const dns = await startDns(t)
  dns.answers = false
  const careful = providerFetch({ secure: false, publicOnly: true, dnsServers: [dns.address], timeoutMs: 2_000 })
  let left = 16
  const asked = Array.from({ length: left }, async (_, n) => {
    await t.throwsAsync(careful(`http://slow-${n}.example/`, get), { instanceOf: ProviderUnavailable })
    left--
  })
  await new Promise(resolve => setImmediate(resolve))
  await readFile(new URL(import.meta.url))
  t.is(left, 16, 'a file is read before any of them gives up')
  await Promise.all(asked)
})

test('in production nobody is asked without TLS', async t => {
  const secure = providerFetch({ secure: true, publicOnly: false })
  for (const address of ['http://id.example/', 'ftp://id.example/', 'file:///etc/passwd', 'data:text/plain,x']) {
    await t.throwsAsync(secure(address, get), { instanceOf: ProviderUnavailable, message: /without TLS/ }, address)
  }
})

test('redirects are not followed, and what is too much is not read', async t => {
  const paths: string[] = []
  const address = await serve(t, (request, response) => {
    paths.push(request.url ?? '')
    if (request.url === '/moved') response.writeHead(302, { location: '/secret' }).end()
    else if (request.url === '/broken') response.writeHead(502).end('secret')
    else response.end('x'.repeat(257 * 1024))
  })
  const fetch = providerFetch({ secure: false, publicOnly: false })
  t.is((await fetch(`${address}/moved`, get)).status, 302)
  t.deepEqual(paths, ['/moved'])
  const large = await t.throwsAsync(fetch(`${address}/large`, get), { instanceOf: ProviderUnavailable })
  t.is(large.fault, 'too_large')
  const broken = await t.throwsAsync(fetch(`${address}/broken`, get), { instanceOf: ProviderUnavailable })
  t.is(broken.fault, 'server_error')
  const nobody = await t.throwsAsync(fetch('http://127.0.0.1:1/', get), { instanceOf: ProviderUnavailable })
  t.is(nobody.fault, 'unreachable')
  const gone = await t.throwsAsync(fetch(address, { ...get, signal: AbortSignal.abort() }), {
    instanceOf: ProviderUnavailable,
  })
  t.is(gone.fault, 'timeout')
})

test('what is fetched is kept for a while, once for all who ask, within bounds', async t => {
  let now = 0
  const fetched: string[] = []
  const cache = new DocumentCache(
    async url => {
      fetched.push(url)
      return new Response('x'.repeat(40))
    },
    () => now,
    100,
  )
  const [a, b, c] = ['https://a.example/', 'https://b.example/', 'https://c.example/'] as const
  await Promise.all([cache.get(a, 1000), cache.get(a, 1000), cache.get(a, 1000)])
  t.deepEqual(fetched, [a])
  now = 999
  await cache.get(a, 1000)
  t.deepEqual(fetched, [a])
  now = 1000
  await cache.get(a, 1000)
  t.deepEqual(fetched, [a, a])
  await cache.get(b, 1000)
  await cache.get(c, 1000)
  t.is(cache.characters, 80, 'the oldest made room')
  await cache.get(a, 1000)
  t.deepEqual(fetched, [a, a, b, c, a])
})

test('a failure is not kept', async t => {
  let status = 404
  const cache = new DocumentCache(
    async () => new Response('{}', { status }),
    () => 0,
  )
  await t.throwsAsync(cache.get('https://a.example/', 1000), { instanceOf: ProviderUnavailable })
  status = 200
  t.is(await cache.get('https://a.example/', 1000), '{}')
})
