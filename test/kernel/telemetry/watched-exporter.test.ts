import test from 'ava'
import { watchExporter } from '../../../kernel/telemetry/watched-exporter.ts'

type Done = (result: { readonly code: number; readonly error?: Error }) => void

const watched = (send: (items: string, done: Done) => void | Promise<void>) => {
  const complaints: string[] = []
  const exporter = watchExporter({ export: send }, 'sending', (about, why) =>
    complaints.push(`${about}: ${(why as Error).message}`),
  )
  const answers: number[] = []
  return { answers, complaints, send: (items: string) => exporter.export(items, ({ code }) => answers.push(code)) }
}

test('a batch that an exporter answers twice is answered once', t => {
  const { answers, send } = watched((_items, done) => {
    done({ code: 1, error: new Error('no') })
    done({ code: 0 })
  })
  send('a')
  t.deepEqual(answers, [1])
})

test('what an exporter throws, now or later, is an answer', async t => {
  const now = watched(() => {
    throw new Error('now')
  })
  now.send('a')
  t.deepEqual([now.answers, now.complaints], [[1], ['sending: now']])
  const later = watched(async () => {
    throw new Error('later')
  })
  later.send('a')
  await new Promise(resolve => setImmediate(resolve))
  t.deepEqual([later.answers, later.complaints], [[1], ['sending: later']])
})

test('batches that nobody answers do not pile up', t => {
  const taken: string[] = []
  const { answers, send } = watched(items => void taken.push(items))
  for (const name of 'abcdef') send(name)
  t.deepEqual(taken, ['a', 'b', 'c', 'd'])
  t.deepEqual(answers, [1, 1])
})
