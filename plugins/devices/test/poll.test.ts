import test from 'ava'
import { eventually, withFleet } from './fleet.ts'

test(
  'a poll that waits ends with the command, as soon as there is one',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const poll = device.poll(30)
    const { id } = await fleet.send(device)
    t.deepEqual(
      (await poll).body.map((due: { id: string }) => due.id),
      [id],
    )
  }),
)

test(
  'a poll that waits goes on with the next command when the one before is acknowledged elsewhere',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const [first, second] = [await fleet.send(device), await fleet.send(device)]
    t.is((await device.poll()).body[0].id, first.id)
    const poll = device.poll(30)
    await device.ack(first.id)
    t.is((await poll).body[0].id, second.id)
  }),
)

test(
  'of several polls at once one gets the command',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const polls = [device.poll(1), device.poll(1), device.poll(1)]
    const { id } = await fleet.send(device)
    const answers = await Promise.all(polls)
    t.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200],
    )
    t.deepEqual(
      answers.flatMap(({ body }) => body.map((due: { id: string }) => due.id)),
      [id],
    )
    t.is((await fleet.command(device, id)).attempts, 1)
  }),
)

test(
  'a poll ends with nothing when its time is over, and early when the server stops',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    t.deepEqual((await device.poll(1)).body, [])
    const waiting = device.poll(30)
    await eventually('it is heard', async () => (await fleet.shown(device)).status === 'connected')
    const stopped = fleet.kernel.kernel.stop()
    t.deepEqual((await waiting).body, [])
    await stopped
  }),
)

test(
  'a poll that waits is told that its device was revoked',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    const poll = device.poll(30)
    await eventually('it is heard', async () => (await fleet.shown(device)).status === 'connected')
    await fleet.user.delete(`/devices/${device.id}`)
    t.is((await poll).body.error, 'device_revoked')
  }),
)

test(
  'a wait that is none is refused',
  withFleet(async (t, fleet) => {
    const device = await fleet.device()
    for (const wait of ['31', '-1', 'long', '1.5']) {
      const { status } = await fleet.kernel.anonymous.get(`/commands?wait=${wait}`, device.headers)
      t.is(status, 422, wait)
    }
    t.is((await fleet.kernel.anonymous.get('/commands?all=true', device.headers)).status, 422)
  }),
)
