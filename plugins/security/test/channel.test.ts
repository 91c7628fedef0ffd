import test from 'ava'
import { withDesk } from './desk.ts'

test(
  'who is on the channel hears of new alerts, and of what others do with them',
  withDesk(async (t, desk) => {
    const { kernel } = desk
    await using socket = await kernel.socket('a', ['security:read'], 'security')
    await using other = await kernel.socket('b', ['security:read'], 'security')
    await desk.report([{ title: 'Scan' }, { title: 'Brute force' }])
    const frames = [await socket.next('alert'), await socket.next('alert')]
    const alerts = await desk.alerts()
    t.deepEqual(
      frames.map(({ data }) => data),
      alerts,
    )
    await desk.act(alerts[0].id, 'acknowledge')
    t.like((await socket.next('alert')).data, { id: alerts[0].id, status: 'acknowledged' })
    await desk.find()
    t.like((await socket.next('alert')).data, { source: 'vulnerability' })
    await other.heard()
    t.deepEqual(other.waiting, [])
  }),
)

test(
  'an alert that comes again and again is told once in ten seconds',
  withDesk(async (t, desk) => {
    const { kernel } = desk
    await using socket = await kernel.socket('a', ['security:read'], 'security')
    await desk.report([{ title: 'Scan' }, { title: 'Scan' }])
    t.is((await socket.next('alert')).data.occurrences, 2)
    for (let turn = 0; turn < 3; turn++) await desk.report([{ title: 'Scan' }])
    await socket.heard()
    t.deepEqual(socket.waiting, [])
    kernel.clock.advance(10_000)
    await desk.report([{ title: 'Scan' }])
    t.is((await socket.next('alert')).data.occurrences, 6)
  }),
)
