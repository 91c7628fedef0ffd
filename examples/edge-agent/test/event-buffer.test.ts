import test from 'ava'
import { EventBuffer } from '../event-buffer.ts'

test('a batch stays until it is said to be uploaded, and what came meanwhile stays after it', t => {
  const buffer = new EventBuffer()
  buffer.add('log', { message: 'first' })
  const batch = buffer.batch()
  buffer.add('log', { message: 'second' })
  t.is(buffer.size, 2)
  buffer.uploaded(batch)
  t.deepEqual(
    buffer.batch().map(({ data }) => data.message),
    ['second'],
  )
})

test('a repeat has the same ids', t => {
  const buffer = new EventBuffer()
  buffer.add('log', {})
  t.is(buffer.batch()[0]?.id, buffer.batch()[0]?.id)
})

test('when it is full, the oldest measurement goes before anything else', t => {
  const buffer = new EventBuffer(3)
  buffer.add('security_alert', { title: 'kept' })
  buffer.add('telemetry', { cpu_percent: 1 })
  buffer.add('telemetry', { cpu_percent: 2 })
  buffer.add('log', { message: 'kept too' })
  t.deepEqual(
    buffer.batch().map(({ kind, data }) => [kind, data.cpu_percent]),
    [
      ['security_alert', undefined],
      ['telemetry', 2],
      ['log', undefined],
    ],
  )
  t.is(buffer.dropped, 1)
})

test('without measurements the oldest event goes', t => {
  const buffer = new EventBuffer(2)
  for (const message of ['a', 'b', 'c']) buffer.add('log', { message })
  t.deepEqual(
    buffer.batch().map(({ data }) => data.message),
    ['b', 'c'],
  )
})
