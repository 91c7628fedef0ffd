import test from 'ava'
import type { AnyPlugin } from '../../../kernel/contract.ts'
import { Client } from '../../../kernel/testing/client.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { bareKernel } from '../testing/bare-kernel.ts'
import { refusal } from './echo.ts'
import { echoPlugin } from './echo-plugin.ts'

test('before the start is done everything but health is 503, with when to come back', async t => {
  const kernel = await bareKernel(t, { plugins: [] })
  const client = new Client(kernel.app)
  for (const path of ['/me', '/openapi.json', '/docs', '/internal/jobs/1', '/nothing']) {
    const answer = await client.get(path)
    t.is(refusal(answer), '503 starting', path)
    t.is(answer.headers['retry-after'], '1')
  }
  t.like(await client.get('/health/live'), { status: 200, body: { status: 'ok' } })
  t.like(await client.get('/health/ready'), { status: 503, body: { status: 'starting' } })
  t.is(kernel.lifecycle, 'starting')
  await kernel.start()
  t.is(kernel.lifecycle, 'running')
  t.like(await client.get('/health/ready'), { status: 200, body: { status: 'ok' } })
  t.is(refusal(await client.get('/me')), '401 unauthenticated')
  await kernel.stop()
})

test('a stop lets requests under way finish and turns new ones away', async t => {
  const entered = Promise.withResolvers<void>()
  const until = Promise.withResolvers<void>()
  const plugin = echoPlugin(new Map(), { entered: entered.resolve, until: until.promise })
  const house = await startTestKernel({ plugins: [plugin as unknown as AnyPlugin] })
  const user = await house.as('a')
  const underWay = user.get('/echo/slow')
  await entered.promise
  const stopped = house.kernel.stop()
  const turnedAway = await user.get('/echo')
  t.is(refusal(turnedAway), '503 stopping')
  t.is(turnedAway.headers['retry-after'], '5')
  t.is(turnedAway.headers.connection, 'close')
  t.like(await user.get('/health/ready'), { status: 503, body: { status: 'stopping' } })
  t.is((await user.get('/health/live')).status, 200)
  until.resolve()
  t.like(await underWay, { status: 200, body: { done: true } })
  await stopped
  t.is(house.kernel.catalogue.byName('echo')?.state, 'stopped')
})

test('a write under way when the stop comes is committed', async t => {
  const entered = Promise.withResolvers<void>()
  const until = Promise.withResolvers<void>()
  const plugin = echoPlugin(new Map(), { entered: entered.resolve, until: until.promise })
  const house = await startTestKernel({ plugins: [plugin as unknown as AnyPlugin] })
  const user = await house.as('a')
  const underWay = user.post('/echo', { name: 'slow' })
  await entered.promise
  const stopped = house.kernel.stop()
  until.resolve()
  t.is((await underWay).status, 201)
  await stopped
})
