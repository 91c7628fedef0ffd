import test from 'ava'
import type { Announcement } from '../../../kernel/backplane/announcement.ts'
import { InProcessBackplane } from '../../../kernel/backplane/in-process-backplane.ts'
import { type Work, WorkAhead } from '../../../kernel/backplane/work-ahead.ts'

test('a process that works begins at once, and tells nobody', t => {
  const begun: Work[] = []
  const announce = (): void => t.fail('nobody is told')
  const ahead = new WorkAhead({ here: true, backplane: { announce }, begin: work => begun.push(work) })
  ahead.tell('events')
  ahead.tell('jobs')
  t.deepEqual(begun, ['events', 'jobs'])
})

test('a process that does not work tells those that do, once for what comes together', async t => {
  const backplane = new InProcessBackplane()
  const heard: Announcement[] = []
  const begun: Work[] = []
  const both = Promise.withResolvers<void>()
  const worker = new WorkAhead({ here: true, backplane, begin: work => begun.push(work) })
  backplane.listen(announcement => {
    heard.push(announcement)
    if (announcement.kind === 'work') worker.heard(announcement)
    if (heard.length === 2) both.resolve()
  })
  const api = new WorkAhead({ here: false, backplane, begin: () => t.fail('it does not work itself') })
  for (let n = 0; n < 10; n += 1) api.tell('events')
  api.tell('jobs')
  const patience = setTimeout(both.resolve, 10_000)
  await both.promise
  clearTimeout(patience)
  t.deepEqual(heard, [
    { kind: 'work', work: 'events' },
    { kind: 'work', work: 'jobs' },
  ])
  t.deepEqual(begun, ['events', 'jobs'])
  await backplane.close()
})

test('what others say does not make a process work that does not', t => {
  const backplane = { announce: (): void => t.fail('nobody is told') }
  new WorkAhead({ here: false, backplane, begin: () => t.fail() }).heard({ kind: 'work', work: 'jobs' })
  t.pass()
})
