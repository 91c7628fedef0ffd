import test from 'ava'
import { echoForAll, refusal } from './echo.ts'

const echo = echoForAll(test)

test('above its limit a route answers 429 and when to come back; other users go on', async t => {
  const { t: house, user } = echo()
  t.is((await user.post('/echo/limited')).status, 204)
  t.is((await user.post('/echo/limited')).status, 204)
  const refused = await user.post('/echo/limited')
  t.is(refusal(refused), '429 too_many_requests')
  t.true(Number(refused.headers['retry-after']) >= 1)
  t.is((await user.get('/echo')).status, 200)
  t.is((await (await house.as('a', ['echo:write'])).post('/echo/limited')).status, 204)
  t.is((await (await house.as('b')).post('/echo/limited')).status, 204)
})

test('where nobody is signed in the address counts, and a claimed one is not believed', async t => {
  const { anonymous } = echo().t
  const seen: string[] = []
  for (let n = 0; n < 4; n++)
    seen.push(refusal(await anonymous.get('/echo/public', { 'x-forwarded-for': `192.0.2.${n}` })))
  t.deepEqual(seen, ['200', '200', '200', '429 too_many_requests'])
})
