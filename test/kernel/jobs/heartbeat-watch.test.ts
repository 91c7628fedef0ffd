import test from 'ava'
import { HeartbeatWatch } from '../../../kernel/jobs/heartbeat-watch.ts'

const run = (heartbeat: string, attempts = 1) => ({ id: 'run', attempts, heartbeatAt: new Date(heartbeat) })
const [early, late] = ['2026-01-01T00:00:00Z', '2030-01-01T00:00:00Z']

test('a heartbeat that stands still for the whole time is silent, whatever moment it names', t => {
  for (const heartbeat of [early, late]) {
    const watch = new HeartbeatWatch(30_000, 10_000)
    for (const at of [0, 10_000, 20_000]) t.deepEqual(watch.silent([run(heartbeat)], at), [])
    t.is(watch.silent([run(heartbeat)], 30_000).length, 1)
  }
})

test('a heartbeat that moves lives, also when it moves back', t => {
  const watch = new HeartbeatWatch(30_000, 40_000)
  watch.silent([run(late)], 0)
  t.deepEqual(watch.silent([run(early)], 40_000), [])
  t.deepEqual(watch.silent([run(early, 2)], 80_000), [], 'another attempt is another life')
  t.is(watch.silent([run(early, 2)], 120_000).length, 1)
})

test('time in which nobody looked counts as one gap', t => {
  const watch = new HeartbeatWatch(30_000, 10_000)
  watch.silent([run(early)], 0)
  t.deepEqual(watch.silent([run(early)], 3_600_000), [])
  t.deepEqual(watch.silent([run(early)], 3_610_000), [])
  t.is(watch.silent([run(early)], 3_620_000).length, 1)
})
