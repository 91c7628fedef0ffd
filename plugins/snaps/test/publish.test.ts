import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { request } from 'node:http'
import path from 'node:path'
import test from 'ava'
import { codeOf, digestOf, openHouse, queryOf, TOKEN } from './house.ts'

test('a package is stored with its digests, and its version never changes', async t => {
  const house = await openHouse(t)
  const made = await house.publish({ version: '1.4.0' }, 'the content')
  t.is(made.status, 201)
  t.like(made.body, {
    name: 'edgezu',
    version: '1.4.0',
    channel: 'stable',
    size_bytes: 11,
    sha256: digestOf('the content'),
    sha3_384: digestOf('the content', 'sha3-384'),
  })
  const [file] = await house.files()
  t.is(file, `${made.body.id}.snap`)
  t.is(await readFile(path.join(house.folder, file as string), 'utf8'), 'the content')

  const again = await house.publish({ version: '1.4.0' }, 'the content')
  t.is(again.status, 200)
  t.deepEqual(again.body, made.body)
  const other = await house.publish({ version: '1.4.0' }, 'other content')
  t.is(codeOf(other), '409 conflict')
  t.deepEqual(await house.files(), [file], 'one package of each version is kept')
})

test('a form does, too, with its fields before the file or after it', async t => {
  const house = await openHouse(t)
  const send = (form: FormData, query = ''): Promise<Response> =>
    fetch(`${house.url}/api/v1/admin/publish${query}`, {
      method: 'POST',
      body: form,
      headers: { 'x-snap-publish-token': TOKEN },
    })
  const content = Buffer.alloc(300_000, 'abc\r\n--')
  const form = (fields: Readonly<Record<string, string>>, first: boolean): FormData => {
    const made = new FormData()
    if (first) made.append('file', new Blob([content]), 'edgezu.snap')
    for (const [name, value] of Object.entries(fields)) made.append(name, value)
    if (!first) made.append('file', new Blob([content]), 'edgezu.snap')
    return made
  }
  const said = { name: 'edgezu', version: '1', channel: 'beta', sha256: digestOf(content).toUpperCase() }
  for (const first of [false, true]) {
    const made = await send(form({ ...said, version: first ? '1' : '2' }, first))
    t.is(made.status, 201)
    t.like(await made.json(), { size_bytes: content.length, sha256: digestOf(content), channel: 'beta' })
  }
  t.is((await send(form({ version: '3' }, true), '?name=edgezu&channel=edge')).status, 201)

  for (const [fields, first] of [
    [{ name: 'edgezu', version: '4' }, true],
    [{ ...said, version: '4', colour: 'red' }, false],
    [{ ...said, version: '4', channel: 'nightly' }, true],
  ] as const) {
    const refused = await send(form(fields, first))
    t.is(refused.status, 422, JSON.stringify(fields))
    await refused.body?.cancel()
  }
  t.deepEqual(await house.versions(), ['1', '2', '3'])
  t.is((await house.files()).length, 3)
})

test('the token is asked for before anything else of the content is read', async t => {
  const house = await openHouse(t)
  for (const token of ['', 'wrong', `${TOKEN}x`, TOKEN.toUpperCase()]) {
    const answer = await house.publish({ version: '1' }, 'x', { 'x-snap-publish-token': token })
    t.is(codeOf(answer), '401 unauthenticated')
  }
  const upload = request(`${house.url}/api/v1/admin/publish?${queryOf({ version: '1' })}`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=x' },
  })
  upload.on('error', () => undefined)
  upload.write('--x\r\n')
  const [answer] = await once(upload, 'response')
  t.is(answer.statusCode, 401, 'although the form has not come')
  upload.destroy()
  const release = await house.kernel.anonymous.patch('/admin/publish/edgezu/1', { channel: 'edge' })
  t.is(codeOf(release), '401 unauthenticated')
  t.deepEqual(await house.files(), [])
})

test('without SNAP_PUBLISH_TOKEN nobody publishes, and the answer says why', async t => {
  const house = await openHouse(t, { SNAP_PUBLISH_TOKEN: '' })
  for (const token of ['', TOKEN]) {
    const answer = await house.publish({ version: '1' }, 'x', { 'x-snap-publish-token': token })
    t.is(codeOf(answer), '503 publishing_off')
    t.regex(answer.body.detail, /SNAP_PUBLISH_TOKEN/)
  }
})

test('what is wrong with a package is said, and nothing of it is kept', async t => {
  const house = await openHouse(t, { SNAP_MAX_BYTES: '1000' })
  const publish = async (said: Readonly<Record<string, string>>, content = 'x', headers = {}): Promise<string> => {
    const answer = await house.publish({ version: '1', ...said }, content, headers)
    return `${codeOf(answer)} ${answer.body.errors?.[0].path ?? ''}`.trim()
  }
  for (const name of ['', 'a', 'A', '-a', 'a-', 'a--b', '12', 'ü', 'a/b', '../a', 'x'.repeat(41)]) {
    t.is(await publish({ name }), '422 invalid query.name', name)
  }
  for (const version of ['', '.1', '1.', '1/2', '..', 'v 1', '1'.repeat(33), '1\n']) {
    t.is(await publish({ version }), '422 invalid query.version', version)
  }
  t.is(await publish({ channel: 'latest/stable' }), '422 invalid query.channel')
  t.is(await publish({ colour: 'red' }), '422 invalid query.colour')
  t.is(await publish({ sha256: digestOf('y') }), '422 invalid body')
  t.is(await publish({}, 'x', { 'x-content-sha256': digestOf('y') }), '422 invalid body')
  t.is(await publish({}, 'x', { 'x-content-sha256': 'abc' }), '422 invalid query.sha256')
  t.is(await publish({}, '', { 'content-length': '0' }), '422 invalid body')
  t.is(await publish({}, 'x'.repeat(1_001)), '413 too_large')
  t.is(await publish({}, 'x', { 'content-type': 'text/plain' }), '415 unsupported_media_type')
  t.is(await publish({}, 'x', { 'content-type': 'multipart/form-data' }), '400 malformed')
  t.deepEqual(await house.files(), [])
  t.deepEqual(await house.versions(), [])
  t.is(await publish({}, 'x'.repeat(1_000), { 'x-content-sha256': digestOf('x'.repeat(1_000)) }), '201')
})

test('too much is refused while it is sent, and a publisher that goes away leaves nothing', async t => {
  const house = await openHouse(t, { SNAP_MAX_BYTES: '1000000' })
  const send = () => {
    const upload = request(`${house.url}/api/v1/admin/publish?${queryOf({ version: '1' })}`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', 'x-snap-publish-token': TOKEN },
    })
    upload.on('error', () => undefined)
    return upload
  }
  const large = send()
  for (let sent = 0; sent < 40; sent++) large.write(Buffer.alloc(50_000))
  const [answer] = await once(large, 'response')
  t.is(answer.statusCode, 413)
  large.destroy()

  const cut = send()
  cut.write(Buffer.alloc(500_000))
  while ((await house.files()).length === 0) await new Promise(resolve => setTimeout(resolve, 5))
  cut.destroy()
  while ((await house.files()).length > 0) await new Promise(resolve => setTimeout(resolve, 5))
  t.deepEqual(await house.versions(), [])
})

test('of several who publish one version at once, one wins', async t => {
  const house = await openHouse(t)
  const contents = ['one', 'two', 'two', 'three']
  const answers = await Promise.all(contents.map(content => house.publish({ version: '2.0' }, content)))
  const [made] = answers.filter(({ status }) => status === 201)
  t.truthy(made)
  answers.forEach((answer, i) => {
    const same = digestOf(contents[i] as string) === made?.body.sha256
    t.true(same ? [200, 201].includes(answer.status) : answer.status === 409, `${i}: ${answer.status}`)
  })
  t.is(answers.filter(({ status }) => status === 201).length, 1)
  t.deepEqual(await house.files(), [`${made?.body.id}.snap`])
})

test('a package that the store has lost is there again once it is published again', async t => {
  const house = await openHouse(t)
  const made = await house.publish({ version: '1' }, 'content')
  await rm(path.join(house.folder, `${made.body.id}.snap`))
  const { download_url } = (await house.ask('/snaps/latest')).body
  const gone = await fetch(house.reach(download_url))
  t.is(`${gone.status} ${((await gone.json()) as { error: string }).error}`, '503 blob_store_unavailable')
  t.is((await house.publish({ version: '1' }, 'content')).status, 200)
  const back = await fetch(house.reach(download_url))
  t.is(await back.text(), 'content')
})

test('what is published and released is in the audit log of the platform, once', async t => {
  const house = await openHouse(t)
  const { body } = await house.publish({ version: '1.4.0', channel: 'edge' }, 'the content')
  await house.publish({ version: '1.4.0', channel: 'edge' }, 'the content')
  await house.publish({ version: '1.4.0', channel: 'edge' }, 'other content')
  await house.publish({ version: '1.4.0', channel: 'stable' }, 'the content')
  const lines = await house.kernel.kernel.runtime.database
    .knex('audit_logs')
    .where('resource_type', 'snap')
    .orderBy('id')
  t.deepEqual(
    lines.map(({ tenant_id, action, resource_id }) => ({ tenant_id, action, resource_id })),
    ['snap.published', 'snap.released'].map(action => ({ tenant_id: null, action, resource_id: body.id })),
  )
  t.like(JSON.parse(lines[0].after), { name: 'edgezu', version: '1.4.0', channel: 'edge', size_bytes: 11 })
})
