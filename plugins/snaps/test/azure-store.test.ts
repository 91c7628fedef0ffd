import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { ContainerClient, ContainerSASPermissions } from '@azure/storage-blob'
import test, { type ExecutionContext } from 'ava'
import { newId, Problem } from '../../../kernel/contract.ts'
import { type AzureLocation, AzureStore } from '../stores/azure-store.ts'
import { keyOf } from '../stores/blob-store.ts'
import { type Azurite, identity, sharedAzurite } from './azurite.ts'
import { codeOf, digestOf, openHouse } from './house.ts'

const azuriteHere = sharedAzurite(test)

/** Azurite with a container of the test's own, which is not made yet; undefined, with a line in the log, where there is none. */
async function startAzurite(t: ExecutionContext): Promise<(Azurite & { readonly container: string }) | undefined> {
  const azurite = await azuriteHere()
  if (azurite) return { ...azurite, container: `snaps-${newId()}` }
  t.log('skipped: Azurite does not start here')
  return undefined
}

const storeAt = (location: Partial<AzureLocation>): AzureStore =>
  new AzureStore({
    container: 'snaps',
    connection: undefined,
    account: undefined,
    publicUrl: undefined,
    credential: identity(),
    ...location,
  })

const soon = () => ({ filename: 'edgezu_1.0.snap', expires: new Date(Date.now() + 60_000) })

async function* pieces(count: number, size = 100_000): AsyncGenerator<Buffer> {
  for (let i = 0; i < count; i++) yield Buffer.alloc(size, i)
}

const whole = async (count: number): Promise<Buffer> => Buffer.concat(await Array.fromAsync(pieces(count)))

const problemOf = async (work: Promise<unknown>): Promise<Problem> => {
  const error = await work.then(
    () => undefined,
    thrown => thrown,
  )
  if (error instanceof Problem) return error
  throw error ?? new Error('it did not fail')
}

/** A connection that may only read. */
async function readOnly(azurite: Azurite & { readonly container: string }): Promise<string> {
  const { connection, endpoint } = azurite
  const container = new ContainerClient(connection, azurite.container)
  await container.createIfNotExists()
  const permissions = ContainerSASPermissions.parse('rl')
  const url = await container.generateSasUrl({ permissions, expiresOn: new Date(Date.now() + 3_600_000) })
  return `BlobEndpoint=${endpoint};SharedAccessSignature=${new URL(url).search.slice(1)}`
}

async function keepsBlobs(t: ExecutionContext, store: AzureStore): Promise<void> {
  const key = keyOf(newId())
  t.is(await store.size(key), undefined)
  await store.put(key, pieces(95))
  t.is(await store.size(key), 9_500_000)
  const content = await whole(95)
  t.true(content.equals(await buffer(store.open(key))))
  const middle = await buffer(store.open(key, { start: 4_000_000, end: 5_999_999 }))
  t.true(content.subarray(4_000_000, 6_000_000).equals(middle))
  t.regex((await problemOf(store.put(key, pieces(1)))).message, /BlobAlreadyExists/, 'a blob is never written over')

  const address = (await store.link(key, soon())) as string
  const rest = await fetch(address, { headers: { Range: 'bytes=9000000-' } })
  t.is(rest.status, 206)
  t.is(rest.headers.get('content-disposition'), 'attachment; filename="edgezu_1.0.snap"')
  t.true(content.subarray(9_000_000).equals(Buffer.from(await rest.arrayBuffer())))
  for (const other of [
    await fetch(address.replace(/sig=.../, 'sig=AAA')),
    await fetch(address, { method: 'DELETE' }),
    await fetch(address.replace(key, keyOf(newId()))),
    await fetch((await store.link(key, { ...soon(), expires: new Date(Date.now() - 1_000) })) as string),
  ]) {
    t.is(other.status, 403)
    await other.body?.cancel()
  }

  const listed = await Array.fromAsync(store.list())
  t.deepEqual(
    listed.map(blob => blob.key),
    [key],
  )
  t.true(Math.abs((listed[0]?.modified.getTime() ?? 0) - Date.now()) < 600_000)
  await store.check()
  await store.delete(key)
  await store.delete(key)
  t.deepEqual(await Array.fromAsync(store.list()), [])
}

test('with a key: blobs are stored in blocks, handed out by signed addresses, listed and removed', async t => {
  const azurite = await startAzurite(t)
  if (!azurite) return t.pass()
  await keepsBlobs(t, storeAt(azurite))
})

test('as an identity: the same, with addresses signed by a user-delegation key', async t => {
  const azurite = await startAzurite(t)
  if (!azurite?.identities) {
    t.log('skipped: there is no openssl to make a certificate for Azurite')
    return t.pass()
  }
  const { container, endpoint } = azurite
  const location = { account: endpoint, container }
  const missing = await problemOf(storeAt(location).put(keyOf(newId()), pieces(1)))
  t.is(missing.code, 'blob_store_unavailable')
  t.regex(missing.message, /is not there: make it \(404 ContainerNotFound\)/)
  await t.throwsAsync(storeAt(location).check(), { message: /is not there/ })

  await new ContainerClient(azurite.connection, container).create()
  const store = storeAt(location)
  await keepsBlobs(t, store)
  t.regex((await store.link('x', soon())) ?? '', /[?&]skoid=/, 'signed by the identity, not with a key')
})

test('what fails on the way in leaves no blob', async t => {
  const azurite = await startAzurite(t)
  if (!azurite) return t.pass()
  const store = storeAt(azurite)
  const fault = new Problem('malformed', 'The body ended early.')
  async function* cut(): AsyncGenerator<Buffer> {
    yield* pieces(90)
    throw fault
  }
  t.is(await problemOf(store.put(keyOf(newId()), cut())), fault)
  t.deepEqual(await Array.fromAsync(store.list()), [])
})

test('an address may lead to where devices reach the account', async t => {
  const azurite = await startAzurite(t)
  if (!azurite) return t.pass()
  const key = keyOf(newId())
  await storeAt(azurite).put(key, pieces(1))
  const publicUrl = 'https://packages.example.com/blobs/'
  const address = await storeAt({ ...azurite, publicUrl }).link(key, soon())
  t.true(address?.startsWith(`https://packages.example.com/blobs/${azurite.container}/${key}?`), address)
})

test('published to Azure and downloaded from there; through the server where devices reach only that', async t => {
  const azurite = await startAzurite(t)
  if (!azurite) return t.pass()
  const env = { AZURE_STORAGE_CONNECTION_STRING: azurite.connection, AZURE_STORAGE_CONTAINER: azurite.container }
  const content = await whole(60)
  const house = await openHouse(t, env)
  t.is((await house.publish({ version: '1.0' }, content)).status, 201)
  t.is((await house.publish({ version: '1.0' }, content)).status, 200)
  t.is(codeOf(await house.publish({ version: '1.0' }, 'other')), '409 conflict')
  const { body } = await house.ask('/snaps/latest')
  t.true(body.download_url.startsWith(`${azurite.endpoint}/${azurite.container}/`))
  const download = await fetch(body.download_url)
  t.is(digestOf(Buffer.from(await download.arrayBuffer())), body.sha256)
  t.is((await Array.fromAsync(storeAt(azurite).list())).length, 1)

  const behind = await openHouse(t, { ...env, SNAP_DOWNLOAD_THROUGH_API: 'on' })
  t.is((await behind.publish({ version: '1.0' }, content)).status, 201)
  const address = behind.reach((await behind.ask('/snaps/latest')).body.download_url)
  t.true(address.startsWith(`${behind.url}/api/v1/snaps/`))
  t.is(digestOf(Buffer.from(await (await fetch(address)).arrayBuffer())), body.sha256)
  const part = await fetch(address, { headers: { Range: 'bytes=10-19' } })
  t.deepEqual(Buffer.from(await part.arrayBuffer()), content.subarray(10, 20))
})

test('where the server may only read, publishing says which role is missing, and downloads go on', async t => {
  const azurite = await startAzurite(t)
  if (!azurite) return t.pass()
  const key = keyOf(newId())
  await storeAt(azurite).put(key, pieces(2))
  const connection = await readOnly(azurite)
  const house = await openHouse(t, {
    AZURE_STORAGE_CONNECTION_STRING: connection,
    AZURE_STORAGE_CONTAINER: azurite.container,
  })
  const refused = await house.publish({ version: '1.0' }, 'content')
  t.is(codeOf(refused), '503 blob_store_read_only')
  t.regex(refused.body.detail, /"Storage Blob Data Contributor".*403 AuthorizationPermissionMismatch/)
  t.deepEqual(await house.versions(), [])
  const store = storeAt({ container: azurite.container, connection })
  t.is((await buffer(store.open(key))).length, 200_000)
  t.is(await store.link(key, soon()), undefined, 'nothing to sign with: the server hands it out')
  await store.check()
})

test('a store that refuses an identity, or does not answer, is told apart', async t => {
  const refusing = createServer((request, response) => {
    request.resume()
    const code = request.url?.includes('comp=userdelegationkey')
      ? 'AuthorizationFailure'
      : 'AuthorizationPermissionMismatch'
    response.writeHead(403, { 'x-ms-error-code': code, 'Content-Type': 'application/xml' })
    response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`)
  }).listen(0, '127.0.0.1')
  t.teardown(() => refusing.close())
  await new Promise(resolve => refusing.once('listening', resolve))
  const endpoint = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}/devstoreaccount1`
  const connection = `BlobEndpoint=${endpoint};SharedAccessSignature=sv=2025-01-05&sig=x`
  const store = storeAt({ connection })
  t.is((await problemOf(store.put(keyOf(newId()), pieces(1)))).code, 'blob_store_read_only')
  t.is((await problemOf(store.size('x'))).code, 'blob_store_unavailable')

  refusing.closeAllConnections()
  refusing.close()
  const down = await problemOf(store.put(keyOf(newId()), pieces(1)))
  t.is(down.code, 'blob_store_unavailable')
  t.is(down.headers?.['Retry-After'], '30')
  t.regex(down.message, /does not answer \(.*ECONNREFUSED|REQUEST_SEND_ERROR/)
  await t.throwsAsync(store.check(), { message: /does not answer/ })
})
