import './own-temporary-folder.ts'
import { readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import test from 'ava'
import { echoForAll, refusal } from './echo.ts'

const echo = echoForAll(test)
test.after.always(() => rmSync(tmpdir(), { recursive: true, force: true }))
const csv = { 'content-type': 'text/csv' }

const asFile = 'name="file"; filename="list.csv"\r\nContent-Type: text/csv'

function form(content: string, field = asFile): [string, Record<string, string>] {
  const body = `--cut\r\nContent-Disposition: form-data; ${field}\r\n\r\n${content}\r\n--cut--\r\n`
  return [body, { 'content-type': 'multipart/form-data; boundary=cut' }]
}

test('a file is taken as the body itself', async t => {
  const { status, body } = await echo().user.post('/echo/file', 'a,b\n1,2\n', csv)
  t.is(status, 200)
  t.deepEqual(body, { type: 'text/csv', filename: null, characters: 8 })
})

test.serial('a file is taken from a form, and nothing of it stays on the disk', async t => {
  const { status, body } = await echo().user.post('/echo/file', ...form('a,b\n'))
  t.is(status, 200)
  t.deepEqual(body, { type: 'text/csv', filename: 'list.csv', characters: 4 })
  t.deepEqual(
    readdirSync(tmpdir()).filter(name => !name.startsWith('monozu-test-')),
    [],
  )
})

test('a file that is too large is 413, both ways', async t => {
  const { user } = echo()
  const large = 'x'.repeat(2_001)
  t.is(refusal(await user.post('/echo/file', large, csv)), '413 too_large')
  t.is(refusal(await user.post('/echo/file', large, { ...csv, 'transfer-encoding': 'chunked' })), '413 too_large')
  const [body, headers] = form(large)
  t.is(refusal(await user.post('/echo/file', body, headers)), '413 too_large')
  t.is(refusal(await user.post('/echo/file', body, { ...headers, 'transfer-encoding': 'chunked' })), '413 too_large')
})

test('another media type is 415', async t => {
  const { user } = echo()
  t.is(refusal(await user.post('/echo/file', { a: 1 })), '415 unsupported_media_type')
  t.is(refusal(await user.post('/echo/file', 'x', { 'content-type': 'image/png' })), '415 unsupported_media_type')
})

test('a form without a file is 422, a broken one 400', async t => {
  const { user } = echo()
  t.is(refusal(await user.post('/echo/file', ...form('x', 'name="note"'))), '422 invalid')
  const headers = { 'content-type': 'multipart/form-data; boundary=cut' }
  t.is(refusal(await user.post('/echo/file', 'no form at all', headers)), '400 malformed')
  t.is(refusal(await user.post('/echo/file', 'x', { 'content-type': 'multipart/form-data' })), '400 malformed')
})
