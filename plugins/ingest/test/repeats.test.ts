import test from 'ava'
import { alert, line, seen, withYard } from './yard.ts'

const idsOf = (items: { event_id: string | null }[]) => items.map(({ event_id }) => event_id)

test(
  'an id that comes again is accepted, and stored once',
  withYard(async (t, { device, register, stored }) => {
    t.is(
      (await device.send([line('one', { id: 'e-1' }), line('two', { id: 'e-2' }), line('one', { id: 'e-1' })])).status,
      204,
    )
    t.is((await device.send([line('two', { id: 'e-2' }), line('three', { id: 'e-3' }), line('no id')])).status, 204)
    const items = await stored()
    t.deepEqual(idsOf(items), ['e-1', 'e-2', 'e-3', null])
    t.deepEqual(
      items.map(({ data }) => data.message),
      ['one', 'two', 'three', 'no id'],
    )
    t.is((await (await register()).send([line('mine', { id: 'e-1' })])).status, 204, 'ids are those of one device')
    t.is((await stored()).length, 5)
  }),
)

test(
  'ids that differ in their letters’ case, or are long, are different ids',
  withYard(async (t, { device, stored }) => {
    const ids = ['abc', 'ABC', 'aBC', '^abc', 'Ünï', 'ünï', 'A'.repeat(100), 'a'.repeat(100)]
    await device.send(ids.map(id => line(id, { id })))
    await device.send(ids.map(id => line(id, { id })))
    const items = await stored()
    t.deepEqual(
      items.map(({ data }) => data.message),
      ids,
    )
    t.deepEqual(idsOf(items).slice(0, 4), ids.slice(0, 4))
    t.regex(String(items[4].event_id), /^sha256:[0-9a-f]{64}$/)
  }),
)

test(
  'a batch that is sent twice at once is stored once',
  withYard(async (t, { device, stored, heard }) => {
    const batch = Array.from({ length: 120 }, (_, at) => alert(`a ${at}`, {}, `e-${at}`))
    const answers = await Promise.all([device.send(batch), device.send(batch), device.send(batch.toReversed())])
    t.deepEqual(
      answers.map(({ status }) => status),
      [204, 204, 204],
    )
    t.deepEqual(idsOf(await stored()).toSorted(), batch.map(({ id }) => id as string).toSorted())
    const told = (await heard()).flatMap(([, { alerts }]) => alerts.map(({ title }: { title: string }) => title))
    t.deepEqual(told.toSorted(), batch.map(({ data }) => data.title).toSorted())
  }),
)

test(
  'what was stored before is not told again',
  withYard(async (t, { device, heard }) => {
    await device.send([alert('first', {}, 'a-1'), seen({ ip: '10.0.0.1' }, 's-1')])
    await device.send([alert('first', {}, 'a-1'), seen({ ip: '10.0.0.1' }, 's-1'), alert('second', {}, 'a-2')])
    const told = await heard()
    t.deepEqual(
      told.map(([event, { alerts = [], seen: things = [] }]) => [event, alerts.length, things.length]),
      [
        ['ingest.alert-raised', 1, 0],
        ['ingest.asset-seen', 0, 1],
        ['ingest.alert-raised', 1, 0],
      ],
    )
  }),
)
