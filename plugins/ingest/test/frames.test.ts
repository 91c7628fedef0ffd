import test from 'ava'
import { alert, line, withYard } from './yard.ts'

test(
  'a batch that comes as a frame is acknowledged by its number once it is stored',
  withYard(async (t, { device, stored, heard }) => {
    await using socket = await device.connect()
    socket.send('ingest', { number: 7, events: [line('one', { id: 'e-1' }), alert('Scan', {}, 'e-2')] }, 'f-1')
    const ack = await socket.next('ingest.ack')
    t.deepEqual([ack.id, ack.data], ['f-1', { number: 7 }])
    t.is((await stored()).length, 2)
    socket.send('ingest', { number: 7, events: [line('one', { id: 'e-1' }), alert('Scan', {}, 'e-2')] })
    t.deepEqual((await socket.next('ingest.ack')).data, { number: 7 })
    t.is((await stored()).length, 2)
    t.is((await heard()).length, 1)
  }),
)

test(
  'a frame that is wrong is answered with the faults of its events, and the next one is taken',
  withYard(async (t, { device, stored }) => {
    await using socket = await device.connect()
    socket.send('ingest', { number: 1, events: [line('fine'), { kind: 'smoke' }] }, 'f-1')
    const refused = await socket.next('error')
    t.is(refused.id, 'f-1')
    t.is(refused.data.error, 'malformed')
    t.deepEqual(
      refused.data.errors.map(({ path }: { path: string }) => path),
      ['1.timestamp', '1.kind'],
    )
    socket.send('ingest', { events: [] }, 'f-2')
    t.is((await socket.next('error')).data.error, 'invalid')
    socket.send('ingest', { number: 2, events: Array.from({ length: 1001 }, () => line('x')) })
    t.is((await socket.next('error')).data.error, 'too_large')
    socket.send('ingest', { number: 3, events: [line('fine')] })
    t.deepEqual((await socket.next('ingest.ack')).data, { number: 3 })
    t.is((await stored()).length, 1)
  }),
)

test(
  'a frame may be as large as a body',
  withYard(async (t, { device, stored }) => {
    await using socket = await device.connect()
    socket.send('ingest', { number: 1, events: Array.from({ length: 50 }, () => line('x'.repeat(20_000))) })
    t.deepEqual((await socket.next('ingest.ack')).data, { number: 1 })
    t.is((await stored()).length, 50)
  }),
)
