import test from 'ava'
import { newId } from '../../../kernel/data/id.ts'
import { echoForAll, refusal } from './echo.ts'

const echo = echoForAll(test)
const path = `/echo/${newId()}`

test('a record carries its revision as ETag', async t => {
  t.is((await echo().user.get(path)).headers.etag, '"7"')
})

test('If-None-Match with the ETag is answered 304 without a body', async t => {
  const { user } = echo()
  for (const header of ['"7"', 'W/"7"', '"3", "7"', '*']) {
    const answer = await user.get(path, { 'if-none-match': header })
    t.is(answer.status, 304, header)
    t.is(answer.text, '')
    t.is(answer.headers.etag, '"7"')
  }
  t.is((await user.request('HEAD', path, undefined, { 'if-none-match': '"7"' })).status, 304)
})

test('If-None-Match with another ETag gets the record', async t => {
  const { user } = echo()
  for (const header of ['"6"', '7', '"77"', 'nonsense']) {
    t.is((await user.get(path, { 'if-none-match': header })).status, 200, header)
  }
})

test('a write with the ETag that was read is done', async t => {
  const answer = await echo().user.patch(path, { name: 'new' }, { 'if-match': '"7"' })
  t.is(answer.status, 200)
  t.is(answer.headers.etag, '"8"')
})

test('a write with any other ETag is 412', async t => {
  const { user } = echo()
  for (const header of ['"6"', 'W/"7"', '7', 'nonsense', '"7x"', '"-1"']) {
    t.is(refusal(await user.patch(path, { name: 'new' }, { 'if-match': header })), '412 stale', header)
  }
})

test('a write without If-Match, or with *, is done', async t => {
  const { user } = echo()
  t.is((await user.patch(path, { name: 'new' })).status, 200)
  t.is((await user.patch(path, { name: 'new' }, { 'if-match': '*' })).status, 200)
})
