import { gzipSync } from 'node:zlib'
import test from 'ava'
import { newId } from '../../../kernel/data/id.ts'
import { echoForAll, refusal } from './echo.ts'

const echo = echoForAll(test)
const json = { 'content-type': 'application/json' }

test('a body that is not JSON is 400', async t => {
  const { user } = echo()
  for (const body of ['{', '{"name":}', 'name=x', '"text"', '7', 'null', 'true', '\u0000', '{"name":"x"}{}']) {
    t.is(refusal(await user.post('/echo', body, json)), '400 malformed', JSON.stringify(body))
  }
})

test('a body that is too large is 413, whether it says so or not', async t => {
  const { user } = echo()
  const large = JSON.stringify({ name: 'x'.repeat(100_001) })
  t.is(refusal(await user.post('/echo', large, json)), '413 too_large')
  t.is(refusal(await user.post('/echo', large, { ...json, 'transfer-encoding': 'chunked' })), '413 too_large')
})

test('a packed body counts as what it unpacks to', async t => {
  const { user } = echo()
  const packed = { ...json, 'content-encoding': 'gzip' }
  const small = gzipSync(JSON.stringify({ name: 'packed' }))
  const bomb = gzipSync(JSON.stringify({ name: 'x'.repeat(5_000_000) }))
  t.true(bomb.length < 100_000)
  t.is((await user.post('/echo', small, packed)).status, 201)
  t.is(refusal(await user.post('/echo', bomb, packed)), '413 too_large')
  t.is(refusal(await user.post('/echo', small, { ...json, 'content-encoding': 'lzma' })), '415 unsupported_media_type')
  t.is(refusal(await user.post('/echo', Buffer.from('no gzip'), packed)), '400 malformed')
})

test('another media type than JSON is 415', async t => {
  const { user } = echo()
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'nonsense',
  ]) {
    t.is(
      refusal(await user.post('/echo', '{"name":"x"}', { 'content-type': type })),
      '415 unsupported_media_type',
      type,
    )
  }
  t.is(refusal(await user.post('/echo', Buffer.from('{"name":"x"}'))), '415 unsupported_media_type')
})

test('JSON with a charset is taken', async t => {
  const type = 'application/json; charset=utf-8'
  t.is((await echo().user.post('/echo', '{"name":"ü"}', { 'content-type': type })).status, 201)
})

test('JSON in another charset than UTF-8 is 415, and bytes that are no UTF-8 are 400', async t => {
  const { user, t: house } = echo()
  const send = (body: Buffer, type = 'application/json') => user.post('/echo', body, { 'content-type': type })
  const latin1 = Buffer.from('{"name":"M\u00fcller"}', 'latin1')
  for (const charset of ['iso-8859-1', 'latin1', 'utf-16', '"windows-1252"']) {
    t.is(refusal(await send(latin1, `application/json; charset=${charset}`)), '415 unsupported_media_type', charset)
  }
  t.is(refusal(await send(latin1)), '400 malformed')
  t.is((await send(latin1)).body.detail, 'The body is not valid UTF-8.')
  t.is(refusal(await send(gzipSync(latin1))), '400 malformed')
  const cut = Buffer.from('{"name":"\u00fc"}').subarray(0, 10)
  t.is(refusal(await send(Buffer.concat([cut, Buffer.from('"}')]))), '400 malformed', 'a character cut in two')
  t.is((await send(Buffer.from('{"name":"\ufffd"}'), 'application/json; charset="UTF-8"')).status, 201)
  const stored = await house.kernel.runtime.database.knex('sites').where('name', 'like', '%ller%')
  t.deepEqual(stored, [])
})

test('no body is taken as an empty one and then found incomplete', async t => {
  t.is(refusal(await echo().user.post('/echo')), '422 invalid')
})

test('unknown fields and wrong types are 422 with their place', async t => {
  const { user } = echo()
  const { body } = await user.post('/echo', { name: 'x', tags: [1], __proto__x: 1 })
  t.deepEqual(
    body.errors.map(({ path }: { path: string }) => path),
    ['body.tags.0', 'body.__proto__x'],
  )
  t.is(refusal(await user.post('/echo', [])), '422 invalid')
  for (const name of ['__proto__', '\\u005f_proto__', '__pro\\u0074o__', '\\u005F\\u005Fproto__']) {
    const refused = await user.post('/echo', `{"name":"x","deep":{"${name}":{"name":"x"}}}`, json)
    t.is(refusal(refused), '400 malformed', name)
  }
  t.is((await user.post('/echo', { name: 'about __proto__' })).status, 201)
})

test('of very many faults the first fifty are told', async t => {
  const many = Object.fromEntries(Array.from({ length: 80 }, (_, n) => [`f${n}`, n]))
  const { body } = await echo().user.post('/echo', { name: 1, tags: Array.from({ length: 80 }, () => 1), ...many })
  t.true(body.errors.length >= 50 && body.errors.length <= 200)
})

test('an id that is no UUID is 422, and upper case is the same id', async t => {
  const { user } = echo()
  for (const id of ['1', 'x', `${newId()}0`, newId().replaceAll('-', ''), "1'%20or%20'1'='1"]) {
    t.is(refusal(await user.get(`/echo/${id}`)), '422 invalid', id)
  }
  const id = newId()
  t.is((await user.get(`/echo/${id.toUpperCase()}`)).body.id, id)
})

test('unknown, repeated and wrong query parameters are 422', async t => {
  const { user } = echo()
  for (const query of ['more=1', 'loud=perhaps', 'size=ten', 'size=1.5', 'size=1&size=2', 'loud', 'size[a]=1']) {
    t.is(refusal(await user.get(`/echo?${query}`)), '422 invalid', query)
  }
  const { body } = await user.get('/echo/fixed?a=1&b=2')
  t.deepEqual(
    body.errors.map(({ path }: { path: string }) => path),
    ['query.a', 'query.b'],
  )
})

test('a flag in a query takes yes and no in the usual spellings', async t => {
  const { user } = echo()
  for (const yes of ['true', '1', 'yes']) t.true((await user.get(`/echo?loud=${yes}`)).body.loud)
  for (const no of ['false', '0', 'no']) t.false((await user.get(`/echo?loud=${no}`)).body.loud)
})

test('who may not write is told so before the body is looked at', async t => {
  const { t: house } = echo()
  const reader = await house.as('a', ['echo:read'])
  t.is(refusal(await reader.post('/echo', '{', json)), '403 forbidden')
  t.is(refusal(await house.anonymous.post('/echo', '{', json)), '401 unauthenticated')
})
