import test from 'ava'
import { codeOf, digestOf, type House, openHouse, TOKEN } from './house.ts'

async function publish(house: House, version: string, channel: string): Promise<void> {
  const { status, text } = await house.publish({ version, channel }, `content of ${version}`)
  if (status !== 201 && status !== 200) throw new Error(text)
}

async function release(house: House, version: string, channel: string): Promise<void> {
  const path = `/admin/publish/edgezu/${encodeURIComponent(version)}`
  const answer = await house.kernel.anonymous.patch(path, { channel }, { 'x-snap-publish-token': TOKEN })
  if (answer.status !== 200) throw new Error(answer.text)
}

/** The latest version of each channel, from stable to edge. */
async function latest(house: House): Promise<string[]> {
  const versions: string[] = []
  for (const channel of ['stable', 'candidate', 'beta', 'edge']) {
    const { status, body } = await house.ask(`/snaps/latest?channel=${channel}`)
    versions.push(status === 404 ? '' : body.version)
  }
  return versions
}

test('a device gets what is in its channel, or in one of less risk where that is newer', async t => {
  const house = await openHouse(t)
  t.deepEqual(await latest(house), ['', '', '', ''])
  await publish(house, '1.0', 'stable')
  t.deepEqual(await latest(house), ['1.0', '1.0', '1.0', '1.0'])
  await publish(house, '1.1~beta1', 'beta')
  t.deepEqual(await latest(house), ['1.0', '1.0', '1.1~beta1', '1.1~beta1'])
  await publish(house, '1.0.1', 'stable')
  t.deepEqual(await latest(house), ['1.0.1', '1.0.1', '1.1~beta1', '1.1~beta1'], 'beta does not go back')
  await publish(house, '1.1', 'candidate')
  t.deepEqual(await latest(house), ['1.0.1', '1.1', '1.1', '1.1'], 'beta does not stay behind')
})

test('a release moves a version to a channel, and back', async t => {
  const house = await openHouse(t)
  await publish(house, '1.0', 'stable')
  await publish(house, '1.1', 'edge')
  await release(house, '1.1', 'stable')
  t.deepEqual(await latest(house), ['1.1', '1.1', '1.1', '1.1'])
  await publish(house, '1.1', 'stable')
  await release(house, '1.0', 'stable')
  t.deepEqual(await latest(house), ['1.0', '1.0', '1.0', '1.0'], 'the last release counts, not the highest version')
  await publish(house, '1.1', 'stable')
  t.deepEqual(await latest(house), ['1.0', '1.0', '1.0', '1.0'], 'publishing again is no release')
  await publish(house, '1.1', 'candidate')
  t.deepEqual(await latest(house), ['1.0', '1.1', '1.1', '1.1'], 'unless it names another channel')
  const missing = await house.kernel.anonymous.patch(
    '/admin/publish/edgezu/9',
    { channel: 'edge' },
    { 'x-snap-publish-token': TOKEN },
  )
  t.is(codeOf(missing), '404 not_found')
})

test('an offer says all that a device needs, for the latest and for a version that a command names', async t => {
  const house = await openHouse(t, { API_PUBLIC_URL: 'https://api.example.com/' })
  await publish(house, '1.0', 'stable')
  await publish(house, '1:2.0~rc1+g4', 'edge')
  const { body } = await house.ask('/snaps/latest')
  t.like(body, {
    name: 'edgezu',
    version: '1.0',
    channel: 'stable',
    size_bytes: 14,
    sha256: digestOf('content of 1.0'),
  })
  t.true(body.download_url.startsWith('https://api.example.com/api/v1/snaps/edgezu/1.0/download?'))
  t.is(Date.parse(body.download_expires_at) - house.kernel.clock.now().getTime(), 15 * 60_000)
  const pinned = await house.ask(`/snaps/edgezu/${encodeURIComponent('1:2.0~rc1+g4')}`)
  t.like(pinned.body, { version: '1:2.0~rc1+g4', sha3_384: digestOf('content of 1:2.0~rc1+g4', 'sha3-384') })
  const download = await fetch(house.reach(pinned.body.download_url))
  t.is(await download.text(), 'content of 1:2.0~rc1+g4')
  t.is(download.headers.get('content-disposition'), 'attachment; filename="edgezu_1_2.0~rc1+g4.snap"')

  t.is(codeOf(await house.ask('/snaps/edgezu/3')), '404 not_found')
  t.is(codeOf(await house.ask('/snaps/latest?name=other')), '404 not_found')
  t.is(codeOf(await house.ask('/snaps/latest?channel=nightly')), '422 invalid')
})

test('without API_PUBLIC_URL an address leads back to where the request came', async t => {
  const house = await openHouse(t)
  await publish(house, '1.0', 'stable')
  const answer = await fetch(`${house.url}/api/v1/snaps/latest`, { headers: { 'x-device-key': 'dvc_of_tenant_a' } })
  const { download_url } = (await answer.json()) as { download_url: string }
  t.true(download_url.startsWith(`${house.url}/`))
  t.is(await (await fetch(download_url)).text(), 'content of 1.0')
})

test('devices need their key, users the permission for the list', async t => {
  const house = await openHouse(t)
  await publish(house, '1.0', 'stable')
  await publish(house, '1.1', 'beta')
  const { anonymous } = house.kernel
  for (const path of ['/snaps/latest', '/snaps/edgezu/1.0', '/snaps']) {
    t.is(codeOf(await anonymous.get(path)), '401 unauthenticated', path)
    t.is(codeOf(await anonymous.get(path, { 'x-device-key': 'dvc_nobody' })), '401 unauthenticated', path)
  }
  const user = await house.kernel.as('b', ['snaps:read'])
  t.is(codeOf(await user.get('/snaps/latest')), '401 unauthenticated')
  const list = await user.get('/snaps?count=true')
  t.deepEqual(
    list.body.items.map(({ version }: { version: string }) => version),
    ['1.1', '1.0'],
  )
  t.is(list.body.count, 2)
  t.false('blob_key' in list.body.items[0])
  const stable = await user.get('/snaps?channel=stable,candidate&name=edgezu&sort=name')
  t.deepEqual(
    stable.body.items.map(({ version }: { version: string }) => version),
    ['1.0'],
  )
  t.is(codeOf(await (await house.kernel.as('b', [])).get('/snaps')), '403 forbidden')
})
