import test from 'ava'
import { Problem } from '../../../kernel/errors.ts'
import { type CeilingSettings, createCeilings } from '../../../kernel/http/ceilings.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { refusal } from './echo.ts'

/** Ceilings under a clock of their own, in milliseconds. */
function timed(settings: Partial<CeilingSettings>) {
  const time = { ms: 5_000 }
  return { time, ...createCeilings({ perTenant: 0, perAddress: 0, clock: () => time.ms, ...settings }) }
}

test('a tenant may send so many requests a minute, and is told when the minute ends', t => {
  const { time, tenant } = timed({ perTenant: 2 })
  tenant('a')
  time.ms += 20_500
  tenant('a')
  const refused = t.throws(() => tenant('a'), { instanceOf: Problem })
  t.is(refused.code, 'too_many_requests')
  t.is(refused.headers?.['Retry-After'], '40')
  tenant('b')
  time.ms += 39_500
  tenant('a')
})

test('addresses are counted apart from tenants, IPv6 by /64', t => {
  const { address, tenant } = timed({ perTenant: 1, perAddress: 1 })
  tenant('2001:db8:1:2::')
  address('2001:db8:1:2::1')
  t.throws(() => address('2001:db8:1:2:ffff::2'), { instanceOf: Problem })
  address('2001:db8:1:3::1')
})

test('the number of keys is bounded', t => {
  const { tenant } = timed({ perTenant: 1, maxKeys: 2 })
  for (const key of ['a', 'b', 'c']) tenant(key)
  t.throws(() => tenant('c'), { instanceOf: Problem })
  t.notThrows(() => tenant('a'), 'it gave way to c')
})

test('LIMIT_REQUESTS_PER_TENANT holds over all routes of a tenant, whoever asks', async t => {
  await using house = await startTestKernel({ plugins: [], env: { LIMIT_REQUESTS_PER_TENANT: '3' } })
  const [one, other, elsewhere] = [await house.as('a'), await house.as('a', ['users:read']), await house.as('b')]
  t.is((await one.get('/me')).status, 200)
  t.is((await other.get('/users')).status, 200)
  t.is(refusal(await other.get('/groups')), '403 forbidden')
  const refused = await one.get('/me')
  t.is(refusal(refused), '429 too_many_requests')
  t.true(Number(refused.headers['retry-after']) >= 1)
  t.is((await elsewhere.get('/me')).status, 200)
})

test('LIMIT_REQUESTS_PER_ADDRESS holds for whatever comes from an address, but not for probes', async t => {
  const env = { LIMIT_REQUESTS_PER_ADDRESS: '2', TRUST_PROXY: '1' }
  await using house = await startTestKernel({ plugins: [], env })
  const from = (address: string) => ({ 'x-forwarded-for': address })
  const get = (path: string, address: string) => house.anonymous.get(path, from(address))
  t.is((await get('/me', '192.0.2.1')).status, 401)
  t.is((await get('/nowhere', '192.0.2.1')).status, 404)
  t.is(refusal(await get('/openapi.json', '192.0.2.1')), '429 too_many_requests')
  t.is((await get('/health/live', '192.0.2.1')).status, 200)
  t.is((await get('/me', '192.0.2.2')).status, 401)
})

test('without a setting nobody is counted', async t => {
  await using house = await startTestKernel({ plugins: [] })
  const user = await house.as('a')
  for (let n = 0; n < 200; n++) t.is((await user.get('/me')).status, 200)
})
