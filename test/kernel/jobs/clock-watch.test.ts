import test from 'ava'
import { ClockWatch } from '../../../kernel/jobs/clock-watch.ts'

test('a jump is told once, with its size and direction; drift is none', t => {
  let [wall, steady] = [1_000_000_000, 0]
  const clock = new ClockWatch(
    () => wall,
    () => steady,
  )
  const pass = (ms: number, wrong = 0): number => {
    steady += ms
    wall += ms + wrong
    return clock.jump()
  }
  t.is(pass(5_000), 0)
  t.is(pass(60_000, 500), 0)
  t.is(pass(5_000, 7_200_000), 7_200_000)
  t.is(pass(5_000), 0)
  t.is(pass(5_000, -7_200_000), -7_200_000)
})

test('the clock of this machine does not jump while nobody sets it', t => {
  t.is(new ClockWatch().jump(), 0)
})
