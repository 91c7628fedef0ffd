import test from 'ava'
import { z } from 'zod'
import { type AnyPlugin, definePlugin } from '../../../kernel/contract.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { until } from '../backplane/until.ts'

const FRAME = 'x'.repeat(1_000_000)
const FRAMES = 12

/** A channel of large frames, whose handler waits until it is let go. */
const bulkPlugin = (go: Promise<void>): AnyPlugin =>
  definePlugin({
    name: 'bulk',
    version: '1.0.0',
    title: 'Bulk',
    segments: ['bulk'],
    setup(kit) {
      kit.channel('bulk', {
        summary: 'Large frames',
        permission: 'signed-in',
        maxBytes: 1_100_000,
        send: { took: z.int() },
        receive: {
          put: {
            summary: 'Takes one',
            data: z.strictObject({ n: z.int(), load: z.string() }),
            atomic: false,
            async handle({ n }, { socket }) {
              await go
              socket.send('took', n)
            },
          },
        },
      })
    },
  }) as unknown as AnyPlugin

test('frames that come faster than they are handled wait in the network, not in memory', async t => {
  const go = Promise.withResolvers<void>()
  await using own = await startTestKernel({
    plugins: [bulkPlugin(go.promise)],
    kernel: { socketLimits: { beatMs: 50, pingMs: 300, closeMs: 200 } },
  })
  await using eager = await own.socket('a', ['*'], 'bulk')
  for (let n = 0; n < FRAMES; n++) eager.send('put', { n, load: FRAME })
  const received = () => own.kernel.runtime.sockets.counts.get('bulk')?.received ?? 0
  await until(() => received() > 2)
  // Long enough for a socket that does not answer pings, which this one cannot.
  await using silent = await own.socket('a', ['*'], 'bulk')
  ;(silent.ws as unknown as { _autoPong: boolean })._autoPong = false
  t.is((await silent.closed).code, 4408)
  // Three of them are more than may wait, and a piece of the network may hold the end of one and another one.
  t.true(received() <= 4, `${received()}`)
  go.resolve()
  for (let n = 0; n < FRAMES; n++) t.is((await eager.next('took')).data, n)
})

test('a socket that is not read is closed as any other', async t => {
  const go = Promise.withResolvers<void>()
  await using own = await startTestKernel({
    plugins: [bulkPlugin(go.promise)],
    kernel: { socketLimits: { closeMs: 120_000 } },
  })
  await using eager = await own.socket('a', ['*'], 'bulk')
  for (let n = 0; n < FRAMES; n++) eager.send('put', { n, load: FRAME })
  await until(() => (own.kernel.runtime.sockets.counts.get('bulk')?.received ?? 0) > 2)
  const stopped = own.kernel.catalogue.byName('bulk')?.stop(1_000)
  go.resolve()
  await stopped
  t.is((await eager.closed).code, 4403)
})
