import test, { type ExecutionContext } from 'ava'
import { type AnyPlugin, definePlugin, type PlatformCall } from '../../../kernel/contract.ts'
import sites from '../../sites/plugin.ts'
import devices from '../plugin.ts'
import { PresenceTracker } from '../presence.ts'
import { eventually, type Fleet, startFleet, withFleet } from './fleet.ts'

const MINUTE = 60_000
/** Nothing is written but by `flush`. */
const never = { newcomerMs: 3_600_000, usualMs: 3_600_000, silentMs: 3_600_000 }

/** Runs a test on a fleet, with a call such as the look at a device key has. */
const withCall =
  (run: (t: ExecutionContext, fleet: Fleet, call: PlatformCall) => Promise<void>) =>
  async (t: ExecutionContext): Promise<void> => {
    const calls: PlatformCall[] = []
    const lender = definePlugin({
      name: 'lender',
      version: '1.0.0',
      title: 'Lends its call',
      segments: ['lender'],
      setup(kit) {
        kit.platformRoute('GET /lender', {
          summary: 'Keeps its call',
          access: 'public',
          handle: (_input, { call }) => void calls.push(call),
        })
      },
    })
    await using fleet = await startFleet({ plugins: [sites, devices, lender] as unknown as AnyPlugin[] })
    await fleet.kernel.anonymous.get('/lender')
    await run(t, fleet, calls[0] as PlatformCall)
  }

/** Counts the statements that change devices from now on. */
function countWrites({ kernel: { kernel } }: Fleet): () => number {
  let writes = 0
  kernel.runtime.database.observe?.({
    statement(sql, run) {
      if (/^update\W+devices/i.test(sql)) writes += 1
      return run()
    },
  })
  return () => writes
}

const lastSeen = async (fleet: Fleet, device: { readonly id: string }): Promise<string | null> =>
  (await fleet.shown(device)).last_seen_at

test(
  'a device that asks is connected at once, then stale, then offline, and back when it asks again',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const is = (status: string) => async () => (await fleet.shown(device)).status === status
    t.true(await is('registered')())
    await device.poll()
    await eventually('it is connected', is('connected'))
    fleet.kernel.clock.advance(2 * MINUTE)
    t.true(await is('stale')())
    fleet.kernel.clock.advance(8 * MINUTE)
    t.true(await is('offline')())
    await device.poll()
    await eventually('it is connected again', is('connected'))
  }),
)

test(
  'a device that reconnects stays connected all the time',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    for (let n = 0; n < 3; n++) {
      {
        await using socket = await device.connect()
        socket.send('hello', {})
        await socket.next('config')
      }
      t.is((await fleet.shown(device)).status, 'connected')
    }
  }),
)

test(
  'many heartbeats of many devices are one write',
  withCall(async (t, fleet, call) => {
    const devices = await Promise.all(Array.from({ length: 20 }, (_, n) => fleet.device(`edge-${n}`)))
    await using tracker = new PresenceTracker(never)
    const writes = countWrites(fleet)
    for (let n = 0; n < 100; n++) for (const { id } of devices) tracker.heard(id, call)
    t.is(tracker.waiting, 20)
    await tracker.flush()
    t.is(writes(), 1)
    t.is((await fleet.user.get('/devices?status=connected&count=true')).body.count, 20)
    fleet.kernel.clock.advance(44_000)
    for (const { id } of devices) tracker.heard(id, call)
    await tracker.flush()
    t.is(writes(), 1, 'they were written down a moment ago')
    fleet.kernel.clock.advance(1_000)
    for (const { id } of devices) tracker.heard(id, call)
    await tracker.flush()
    t.is(writes(), 2)
  }),
)

test(
  'an open socket keeps its device connected, also when it says nothing; a closed one does not',
  withCall(async (t, fleet, call) => {
    const device = await fleet.device()
    await using tracker = new PresenceTracker(never)
    tracker.heard(device.id, call)
    tracker.connected(device.id, 'socket-1')
    await tracker.flush()
    fleet.kernel.clock.advance(MINUTE)
    await tracker.flush()
    t.is(await lastSeen(fleet, device), fleet.kernel.clock.now().toISOString())
    tracker.connected(device.id, 'socket-2')
    tracker.disconnected(device.id, 'socket-1')
    fleet.kernel.clock.advance(MINUTE)
    await tracker.flush()
    const last = await lastSeen(fleet, device)
    t.is(last, fleet.kernel.clock.now().toISOString(), 'the newer one is open')
    tracker.disconnected(device.id, 'socket-2')
    fleet.kernel.clock.advance(MINUTE)
    await tracker.flush()
    t.is(await lastSeen(fleet, device), last)
  }),
)

test(
  'what is written down late neither undoes a revoke, nor makes a device younger',
  withCall(async (t, fleet, call) => {
    const [revoked, seen] = [await fleet.device('revoked'), await fleet.device('seen')]
    await using tracker = new PresenceTracker(never)
    for (const { id } of [revoked, seen]) tracker.heard(id, call)
    await fleet.user.delete(`/devices/${revoked.id}`)
    const later = new Date(fleet.kernel.clock.now().getTime() + 5_000).toISOString()
    await fleet.kernel.kernel.runtime.database.knex('devices').where({ id: seen.id }).update({ last_seen_at: later })
    await tracker.flush()
    t.like(await fleet.shown(revoked), { status: 'revoked', last_seen_at: null })
    t.is(await lastSeen(fleet, seen), later)
  }),
)

test(
  'a device that was revoked where nobody could tell of it loses its socket when it is written down',
  withCall(async (t, fleet, call) => {
    const [device, other] = [await fleet.device('edge-1'), await fleet.device('edge-2')]
    await using socket = await device.connect()
    await using stays = await other.connect()
    await using tracker = new PresenceTracker(never)
    for (const { id } of [device, other]) tracker.connected(id, 'a socket')
    tracker.heard(device.id, call)
    await tracker.flush()
    const revoked_at = fleet.kernel.clock.now().toISOString()
    await fleet.kernel.kernel.runtime.database.knex('devices').where({ id: device.id }).update({ revoked_at })
    fleet.kernel.clock.advance(MINUTE)
    await tracker.flush()
    t.deepEqual(await socket.closed, { code: 4401, reason: 'session_ended' })
    await stays.heard()
  }),
)

test(
  'what could not be written waits, and is written at the end',
  withCall(async (t, fleet, call) => {
    const device = await fleet.device()
    const tracker = new PresenceTracker(never)
    const broken = new Proxy(call, {
      get: (target, name) => (name === 'db' ? undefined : Reflect.get(target, name, target)),
    })
    tracker.heard(device.id, broken)
    await tracker.flush()
    t.is(tracker.waiting, 1)
    t.is(await lastSeen(fleet, device), null)
    tracker.heard(device.id, call)
    await tracker[Symbol.asyncDispose]()
    t.is(tracker.waiting, 0)
    t.is(await lastSeen(fleet, device), fleet.kernel.clock.now().toISOString())
  }),
)
