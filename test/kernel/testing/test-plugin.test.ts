import test from 'ava'
import { z } from 'zod'
import { definePlugin, guestRef, serviceRef, userDirectory } from '../../../kernel/contract.ts'
import type { TestKernel } from '../../../kernel/testing/test-kernel.ts'
import { testPlugin } from '../../../kernel/testing/test-plugin.ts'

interface Weather {
  today(): Promise<string>
}
const weather = serviceRef<Weather>('weather.forecast')

const picnic = definePlugin({
  name: 'picnic',
  version: '1.0.0',
  title: 'Picnics',
  segments: ['picnics'],
  permissions: { 'picnics:read': 'View picnics' },
  uses: { weather },
  setup(kit) {
    kit.route('GET /picnics', {
      summary: 'Whether there is one',
      permission: 'picnics:read',
      returns: z.object({ weather: z.string(), at: z.string() }),
      handle: async (_input, { call, weather: forecast }) => ({
        weather: await forecast.today(),
        at: call.now().toISOString(),
      }),
    })
  },
})

test('a plugin runs alone, with stand-ins for what it uses and a clock that is moved', async t => {
  const now = new Date('2026-05-01T12:00:00.000Z')
  await using house = await testPlugin(picnic, { fakes: { weather: { today: async () => 'sun' } }, now })
  const user = await house.as('a', ['picnics:read'])
  t.deepEqual((await user.get('/picnics')).body, { weather: 'sun', at: '2026-05-01T12:00:00.000Z' })
  house.clock.advance(60_000)
  t.is((await user.get('/picnics')).body.at, '2026-05-01T12:01:00.000Z')
  t.is((await (await house.as('a', [])).get('/picnics')).status, 403)
  t.is((await house.anonymous.get('/picnics')).status, 401)
})

test('a stand-in that was forgotten is named', t => {
  t.throws(() => testPlugin(picnic), {
    message: 'testPlugin: the plugin uses "weather" (weather.forecast); give a stand-in for it in "fakes"',
  })
})

const ticket = guestRef('tickets.ticket', 'X-Ticket')

const fair = definePlugin({
  name: 'fair',
  version: '1.0.0',
  title: 'Fairs',
  segments: ['fair'],
  setup(kit) {
    kit.guestRoute('GET /fair', {
      summary: 'Who comes in',
      guests: ticket,
      returns: z.object({ id: z.string() }),
      handle: (_input, { call }) => ({ id: call.actor.id }),
    })
  },
})

test('a plugin for guests of another plugin is told who they are', async t => {
  const house: TestKernel = await testPlugin(fair, {
    guests: [
      [
        ticket,
        async id => (id === 'none' ? undefined : { tenantId: house.tenantId('a'), actor: { kind: 'device', id } }),
      ],
    ],
  })
  await using _ = house
  t.deepEqual((await house.guest(ticket, 'seven').get('/fair')).body, { id: 'seven' })
  t.is((await house.guest(ticket, 'none').get('/fair')).status, 401)
  t.is((await house.anonymous.get('/fair')).status, 401)
})

test('what a plugin tells is seen, and the users of the test are there', async t => {
  const greeter = definePlugin({
    name: 'greeter',
    version: '1.0.0',
    title: 'Greets',
    segments: ['greeter'],
    uses: { users: userDirectory },
    notices: { greeting: { title: 'A greeting', mail: false } },
    setup(kit) {
      kit.route('POST /greeter/:id', {
        summary: 'Greet somebody',
        permission: 'signed-in',
        async handle({ params: { id } }, { call, users }) {
          const user = await users.find(id)
          await call.notify({ kind: 'greeting', to: { users: [id] }, title: `Hello ${user?.name}`, path: '/hello' })
        },
      })
    },
  })
  await using kernel = await testPlugin(greeter)
  const user = await kernel.as('a')
  const { id } = (await user.get('/me')).body
  t.is((await user.post(`/greeter/${id}`)).status, 204)
  t.deepEqual(await kernel.notices('a'), [
    { kind: 'greeter.greeting', to: { users: [id] }, title: 'Hello Test', path: '/hello' },
  ])
  t.deepEqual(await kernel.notices('b'), [])
  await kernel.settled()
  t.is((await user.get('/notifications/unread')).body.unread, 1)
})
