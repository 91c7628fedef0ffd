import test from 'ava'
import { z } from 'zod'
import { type AnyPlugin, definePlugin } from '../../../kernel/contract.ts'
import { testsOnServer } from '../../../kernel/testing/test-database.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'

interface Seen {
  readonly what: 'opened' | 'closed'
  readonly id: string
}

const onlyOne = (seen: Seen[] = []): AnyPlugin =>
  definePlugin({
    name: 'one',
    version: '1.0.0',
    title: 'One',
    segments: ['one'],
    setup(kit) {
      kit.channel('one', {
        summary: 'One socket of each user',
        permission: 'signed-in',
        single: true,
        send: { mine: z.object({ id: z.string() }) },
        receive: {
          who: {
            summary: 'Asks for the id of the socket',
            data: z.strictObject({}),
            handle: (_data, { socket }) => socket.send('mine', { id: socket.id }),
          },
        },
        opened: ({ socket }) => void seen.push({ what: 'opened', id: socket.id }),
        closed: ({ socket }) => void seen.push({ what: 'closed', id: socket.id }),
      })
    },
  }) as unknown as AnyPlugin

test('a newer socket of the same user closes the older one with 4409, and others stay', async t => {
  const seen: Seen[] = []
  await using t0 = await startTestKernel({ plugins: [onlyOne(seen)] })
  await using other = await t0.socket('a', ['talk:read'], 'one')
  await using stranger = await t0.socket('b', [], 'one')
  await using older = await t0.socket('a', [], 'one')
  await using newer = await t0.socket('a', [], 'one')
  t.deepEqual(await older.closed, { code: 4409, reason: 'replaced' })
  newer.send('who', {})
  const { id } = (await newer.next('mine')).data
  const opened = seen.filter(({ what }) => what === 'opened').map(socket => socket.id)
  const rising = opened.toSorted()
  t.is(rising.at(-1), id)
  // On a slow server the hooks of different sockets end in any order.
  if (!testsOnServer) t.deepEqual(opened, rising)
  t.deepEqual(
    seen.filter(({ what }) => what === 'closed').map(socket => socket.id),
    rising.slice(2, 3),
  )
  await Promise.all([other.heard(), stranger.heard()])
})

test('of many that open at once the newest is left', async t => {
  await using t0 = await startTestKernel({ plugins: [onlyOne()] })
  const sockets = await Promise.all(Array.from({ length: 8 }, () => t0.socket('a', [], 'one')))
  const ids = await Promise.all(
    sockets.map(async socket => {
      socket.send('who', {})
      return socket.next('mine').then(
        ({ data }) => data.id as string,
        () => '',
      )
    }),
  )
  const newest = sockets[ids.indexOf([...ids].sort().at(-1) ?? '')]
  const replaced = await Promise.all(sockets.filter(socket => socket !== newest).map(({ closed }) => closed))
  t.true(replaced.every(({ code }) => code === 4409))
  await newest?.heard()
  for (const socket of sockets) await socket[Symbol.asyncDispose]()
})
