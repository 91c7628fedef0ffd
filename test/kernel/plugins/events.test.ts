import test from 'ava'
import { z } from 'zod'
import { eventRef } from '../../../kernel/contract.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { smallPlugin } from './small-plugin.ts'

const said = eventRef('sender.thing-said', z.object({ words: z.string().default('nothing') }))
const rang = eventRef('sender.bell-rung', z.object({}))

const sender = smallPlugin(
  'sender',
  kit => {
    kit.route('POST /sender', {
      summary: 's',
      permission: 'signed-in',
      body: z.strictObject({ words: z.string().optional(), fail: z.boolean().optional() }),
      async handle({ body: { words, fail } }, { call }) {
        await call.emit(said, { words })
        if (fail) throw new Error('after the event')
      },
    })
    kit.platformRoute('POST /internal/sender', {
      summary: 's',
      access: 'internal-token',
      handle: (_input, { call }) => call.emit(rang, {}),
    })
  },
  { segments: ['sender', 'internal/sender'], emits: [said, rang] },
)

/** A listener of the feature `ears`. */
function listener(fails = 0) {
  const heard: { id: string; words: string; tenant: string; actor: string }[] = []
  let failures = fails
  const plugin = smallPlugin(
    'listener',
    kit => {
      kit.on(said, async ({ id, payload: { words } }, { call }) => {
        heard.push({ id, words, tenant: call.tenant.name, actor: `${call.actor.kind} ${call.actor.id}` })
        call.audit({ action: 'listener.heard', resourceType: 'words', resourceId: words })
        if (failures-- > 0) throw new Error('not now')
      })
    },
    { feature: 'ears' },
  )
  return { plugin, heard }
}

test('an event of one plugin reaches another, in the tenant it is of', async t => {
  const { plugin, heard } = listener()
  await using house = await startTestKernel({ plugins: [sender, plugin] })
  await (await house.as('a')).post('/sender', { words: 'hello' })
  await (await house.as('b')).post('/sender', {})
  await house.settled()
  t.deepEqual(heard.map(({ words, tenant, actor }) => [words, tenant, actor]).toSorted(), [
    ['hello', 'tenant-a', 'service listener'],
    ['nothing', 'tenant-b', 'service listener'],
  ])
})

test('what a write did not commit is told to nobody', async t => {
  const { plugin, heard } = listener()
  await using house = await startTestKernel({ plugins: [sender, plugin] })
  t.is((await (await house.as('a')).post('/sender', { fail: true })).status, 500)
  await house.settled()
  t.deepEqual(heard, [])
})

test('a tenant without the feature of the listener is passed over, now and later', async t => {
  const { plugin, heard } = listener()
  await using house = await startTestKernel({ plugins: [sender, plugin] })
  await house.licence('a', [])
  await (await house.as('a')).post('/sender', { words: 'unheard' })
  await (await house.as('b')).post('/sender', { words: 'heard' })
  await house.settled()
  await house.licence('a', ['ears'])
  await house.settled()
  t.deepEqual(
    heard.map(({ words }) => words),
    ['heard'],
  )
  await (await house.as('a')).post('/sender', { words: 'again' })
  await house.settled()
  t.is(heard.at(-1)?.words, 'again')
})

test('a listener that failed gets the same event again, and what it had written is gone', async t => {
  const { plugin, heard } = listener(2)
  await using house = await startTestKernel({ plugins: [sender, plugin] })
  await (await house.as('a')).post('/sender', { words: 'persistent' })
  for (let attempt = 0; attempt < 3; attempt++) {
    await house.settled()
    house.clock.advance(60_000)
  }
  await house.settled()
  t.is(heard.length, 3)
  t.is(new Set(heard.map(({ id }) => id)).size, 1)
  t.is((await house.audit('a')).filter(({ action }) => action === 'listener.heard').length, 1)
})

test('an event of the platform is heard by those who listen for such', async t => {
  const rings: string[] = []
  const plugin = smallPlugin('porter', kit => {
    kit.onPlatform(rang, async ({ id }, { call }) => void rings.push(`${id} ${call.actor.id}`))
  })
  await using house = await startTestKernel({ plugins: [sender, plugin] })
  t.is((await house.internal.post('/internal/sender')).status, 204)
  await house.settled()
  t.is(rings.length, 1)
  t.regex(rings[0] ?? '', / porter$/)
})
