import test from 'ava'
import { complaints } from '../../../kernel/telemetry/complaints.ts'
import { capturedLog } from '../testing/captured-log.ts'

test('the same complaint is heard once a minute, with its number', t => {
  const log = capturedLog()
  let now = 0
  const complain = complaints(log.logging.log, () => now)
  complain('sending', new Error('refused'))
  complain('sending', new Error('refused'))
  complain('reading', 'too slow')
  now = 61_000
  complain('sending', new AggregateError([new Error('refused again')]))
  t.deepEqual(
    log.records().map(({ about, times, reason }) => [about, times, reason]),
    [
      ['sending', 1, 'refused'],
      ['reading', 1, 'too slow'],
      ['sending', 2, 'refused again'],
    ],
  )
})
