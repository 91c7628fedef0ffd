import test from 'ava'
import { isFrom, readMessage, writeMessage } from '../../../kernel/backplane/message.ts'
import { newId } from '../../../kernel/data/id.ts'

const instance = newId()
const place = { channel: 'talk', tenantId: newId() }

for (const announcement of [
  { kind: 'frame', ...place, text: '{"type":"said"}' },
  { kind: 'frame', ...place, text: '{}', to: { actors: ['1'], permission: 'talk:lead' } },
  { kind: 'disconnect', ...place, actors: ['1', '2'] },
  { kind: 'replace', ...place, actor: '1', socket: newId() },
  { kind: 'wake', tenantId: place.tenantId, plugin: 'talk', topic: 'orders 1' },
] as const) {
  test(`a message of kind ${announcement.kind}${'to' in announcement ? ' for some' : ''} is read as it was written`, t => {
    const message = writeMessage(instance, announcement)
    t.deepEqual(readMessage(message), announcement)
    t.true(isFrom(instance, message))
    t.false(isFrom(newId(), message))
  })
}

for (const [what, message] of [
  ['nothing', ''],
  ['no JSON', 'hello there'],
  ['another kind', `${instance} {"kind":"shutdown","tenantId":"1"}`],
  ['a frame without a text', `${instance} {"kind":"frame","channel":"talk","tenantId":"1"}`],
  ['a text that is none', `${instance} {"kind":"frame","channel":"talk","tenantId":"1","text":{}}`],
  [
    'a permission that is none',
    `${instance} ${JSON.stringify({ kind: 'frame', ...place, text: '{}', to: { permission: 'all' } })}`,
  ],
  [
    'an id that would replace every socket',
    `${instance} ${JSON.stringify({ kind: 'replace', ...place, actor: '1', socket: 'zzz' })}`,
  ],
] as const) {
  test(`${what} is no message`, t => {
    t.is(readMessage(message), undefined)
  })
}
