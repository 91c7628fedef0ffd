import test from 'ava'
import type { AnyPlugin } from '../../../kernel/contract.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { refusal } from './echo.ts'
import { echoPlugin } from './echo-plugin.ts'

async function house() {
  const runs = new Map<string, number>()
  const entered = Promise.withResolvers<void>()
  const until = Promise.withResolvers<void>()
  const plugin = echoPlugin(runs, { entered: entered.resolve, until: until.promise })
  const kernel = await startTestKernel({ plugins: [plugin as unknown as AnyPlugin] })
  return { kernel, runs, entered: entered.promise, release: until.resolve, user: await kernel.as('a') }
}

const key = { 'idempotency-key': 'k-1' }

test('a repeat with the same key gets the first answer, and nothing is done again', async t => {
  const { kernel, runs, user } = await house()
  await using _ = kernel
  const first = await user.post('/echo', { name: 'n' }, key)
  const again = await user.post('/echo', { name: 'n' }, key)
  t.is(first.status, 201)
  t.is(first.headers['idempotency-replayed'], undefined)
  t.is(again.status, 201)
  t.is(again.headers['idempotency-replayed'], 'true')
  t.is(again.headers.etag, first.headers.etag)
  t.deepEqual(again.body, first.body)
  t.is(runs.get('n'), 1)
  t.is((await kernel.audit('a')).filter(({ action }) => action === 'echo.created').length, 1)
})

test('the same key with another body is refused', async t => {
  const { kernel, user } = await house()
  await using _ = kernel
  await user.post('/echo', { name: 'n' }, key)
  t.is(refusal(await user.post('/echo', { name: 'm' }, key)), '409 idempotency_key_reused')
})

test('a request that failed is not kept: the same key tries again', async t => {
  const { kernel, runs, user } = await house()
  await using _ = kernel
  t.is((await user.post('/echo', { name: 'unlucky' }, key)).status, 500)
  t.is((await user.post('/echo', { name: 'unlucky' }, key)).status, 500)
  t.is(runs.get('unlucky'), 2)
  t.is((await user.post('/echo', { name: 'refused' }, key)).status, 409)
  t.is((await user.post('/echo', { name: 'fine' }, key)).status, 201)
})

test('while the first request with a key runs, a second one is told so', async t => {
  const { kernel, runs, user, entered, release } = await house()
  await using _ = kernel
  const first = user.post('/echo', { name: 'slow' }, key)
  await entered
  const second = await user.post('/echo', { name: 'slow' }, key)
  t.is(refusal(second), '409 idempotency_key_in_use')
  t.is(second.headers['retry-after'], '1')
  release()
  t.is((await first).status, 201)
  t.is((await user.post('/echo', { name: 'slow' }, key)).headers['idempotency-replayed'], 'true')
  t.is(runs.get('slow'), 1)
})

test('two users may use the same key', async t => {
  const { kernel, user } = await house()
  await using _ = kernel
  const other = await kernel.as('b')
  await user.post('/echo', { name: 'n' }, key)
  const answer = await other.post('/echo', { name: 'n' }, key)
  t.is(answer.status, 201)
  t.is(answer.headers['idempotency-replayed'], undefined)
})

test('a key that is not printable ASCII is refused before anything is done', async t => {
  const { kernel, runs, user } = await house()
  await using _ = kernel
  t.is(refusal(await user.post('/echo', { name: 'n' }, { 'idempotency-key': 'x'.repeat(256) })), '400 malformed')
  t.is(runs.size, 0)
})
