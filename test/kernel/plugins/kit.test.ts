import test from 'ava'
import { z } from 'zod'
import { type AnyPlugin, definePlugin, eventRef, guestRef, type Kit } from '../../../kernel/contract.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'

type AnyKit = Kit<string, unknown, Record<never, never>, Record<never, never>, Record<never, never>>

const event = eventRef('misuser.thing-done', z.object({}))
const route = { summary: 's', permission: 'signed-in', handle: () => undefined } as const
const guests = guestRef('misuser.guest', 'X-Guest')
const job = { scope: 'platform', data: z.object({}), run: async () => undefined } as const

/** What comes of a plugin whose setup does this. */
async function outcome(setup: (kit: AnyKit) => void | Promise<void>): Promise<{ state: string; reason: string }> {
  const plugin = definePlugin({
    name: 'misuser',
    version: '1.0.0',
    title: 'Misuser',
    segments: ['misuser', 'other'],
    permissions: { 'misuser:read': 'Read' },
    setup: kit => setup(kit as unknown as AnyKit),
  }) as unknown as AnyPlugin
  await using t = await startTestKernel({ plugins: [plugin] })
  const host = t.kernel.catalogue.byName('misuser')
  return { state: host?.state ?? 'none', reason: host?.error?.message ?? '' }
}

const misuses: readonly [what: string, setup: (kit: AnyKit) => void, sentence: string][] = [
  [
    'a signature that is none',
    kit => kit.route('FETCH /misuser' as 'GET /misuser', route),
    'plugin "misuser": "FETCH /misuser" is not a route; write it as "GET /assets/:id"',
  ],
  [
    'a path outside its segments',
    kit => kit.route('GET /foreign', route),
    'plugin "misuser": "GET /foreign" is outside its segments (misuser, other); add "foreign" to them',
  ],
  [
    'an internal path outside its segments',
    kit => kit.platformRoute('POST /internal/misuser', { ...route, access: 'internal-token' }),
    'plugin "misuser": "POST /internal/misuser" is outside its segments (misuser, other); add "internal/misuser" to them',
  ],
  [
    'a path that plugins share',
    kit => kit.guestRoute('POST /v1/misuser', { ...route, guests }),
    'plugin "misuser": "POST /v1/misuser" is outside its segments (misuser, other); add "v1/misuser" to them',
  ],
  [
    'guests twice',
    kit => {
      kit.guests(guests, async () => undefined)
      kit.guests(guests, async () => undefined)
    },
    'plugin "misuser": the guests "misuser.guest" are registered twice',
  ],
  [
    'guests with the header of users',
    kit => kit.guests(guestRef('misuser.guest', 'Authorization'), async () => undefined),
    'plugin "misuser": "Authorization" is no header that guests may use; write it as "X-Device-Key"',
  ],
  [
    'a route twice',
    kit => {
      kit.route('GET /misuser', route)
      kit.route('GET /misuser', route)
    },
    'plugin "misuser": "GET /misuser" is registered twice',
  ],
  [
    'a permission that nobody declares',
    kit => kit.route('GET /misuser', { ...route, permission: 'misuser:fly' }),
    'plugin "misuser": "GET /misuser" asks for the permission "misuser:fly", which no descriptor declares',
  ],
  [
    'a job twice',
    kit => {
      kit.job('tidy', job)
      kit.job('tidy', job)
    },
    'plugin "misuser": job "tidy" is registered twice',
  ],
  [
    'a job for a feature that it does not have',
    kit => kit.job('begin', { ...job, scope: 'tenant', whenOn: true }),
    'plugin "misuser": job "begin" runs when the feature goes on, but the descriptor has no "feature"',
  ],
  [
    'a job whose name is not kebab-case',
    kit => kit.job('Tidy up', job),
    'job misuser/Tidy up: its name must be kebab-case',
  ],
  [
    'a time that is none',
    kit => kit.job('tidy', { ...job, every: 'now and then' }),
    'job misuser/tidy: "every" must be an interval such as "2 hours" or a cron line such as "0 2 * * *", not "now and then"',
  ],
  [
    'two handlers for one event',
    kit => {
      kit.on(event, async () => undefined)
      kit.on(event, async () => undefined)
    },
    'plugin "misuser" listens to "misuser.thing-done" twice; use one handler',
  ],
]

for (const [what, setup, sentence] of misuses) {
  test.serial(`${what} is refused with a sentence that says what to do`, async t => {
    t.deepEqual(await outcome(setup), { state: 'failed', reason: sentence })
  })
}

test('nothing can be registered once setup has ended', async t => {
  let kept: AnyKit | undefined
  t.is((await outcome(kit => void (kept = kit))).state, 'running')
  const kit = kept as unknown as AnyKit
  const attempts: Record<string, () => void> = {
    route: () => kit.route('GET /misuser', route),
    platformRoute: () => kit.platformRoute('GET /misuser', { ...route, access: 'public' }),
    guestRoute: () => kit.guestRoute('GET /misuser', { ...route, guests }),
    guests: () => kit.guests(guests, async () => undefined),
    job: () => kit.job('late', job),
    on: () => kit.on(event, async () => undefined),
    onPlatform: () => kit.onPlatform(event, async () => undefined),
    healthy: () => kit.healthy(async () => undefined),
  }
  for (const [method, attempt] of Object.entries(attempts)) {
    t.throws(attempt, { message: `plugin "misuser": kit.${method} may only be called inside setup()` })
  }
})

test('what is not awaited in setup comes too late', async t => {
  const late = Promise.withResolvers<unknown>()
  const { state } = await outcome(kit => {
    setImmediate(() => {
      try {
        late.resolve(kit.route('GET /misuser', route))
      } catch (error) {
        late.resolve(error)
      }
    })
  })
  t.is(state, 'running')
  t.regex(String(await late.promise), /kit\.route may only be called inside setup\(\)/)
})

test('an event that the descriptor does not list is not emitted', async t => {
  const plugin = definePlugin({
    name: 'misuser',
    version: '1.0.0',
    title: 'Misuser',
    segments: ['misuser'],
    setup(kit) {
      kit.route('POST /misuser', {
        summary: 'Emits',
        permission: 'signed-in',
        returns: z.object({ message: z.string() }),
        async handle(_input, { call }) {
          const [emitted] = await Promise.allSettled([call.emit(event, {})])
          const [queued] = await Promise.allSettled([call.enqueue('none', {})])
          return {
            message: [emitted, queued]
              .map(one => (one?.status === 'rejected' ? one.reason.message : 'done'))
              .join('\n'),
          }
        },
      })
    },
  }) as unknown as AnyPlugin
  await using t2 = await startTestKernel({ plugins: [plugin] })
  const { body } = await (await t2.as('a')).post('/misuser')
  t.deepEqual(body.message.split('\n'), [
    'plugin "misuser": emits misuser.thing-done, which its descriptor does not list in "emits"',
    'plugin "misuser": has no job "none"',
  ])
})
