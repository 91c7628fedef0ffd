import { Readable } from 'node:stream'
import test from 'ava'
import { z } from 'zod'
import { definePlugin, reply } from '../../kernel/contract.ts'
import { startTestKernel } from '../../kernel/testing/test-kernel.ts'

test('whoever reads gets an answer while somebody imports', async t => {
  await using kernel = await startTestKernel()
  const client = await kernel.as('a')
  const rows = Array.from({ length: 2000 }, (_, i) => `asset ${i},plc\n`).join('')
  const answered: string[] = []
  const importing = client.post('/assets/import', `name,type\n${rows}`, { 'content-type': 'text/csv' })
  await Promise.all([
    importing.then(({ body }) => answered.push(`import of ${body.created}`)),
    client.get('/me').then(({ status }) => answered.push(`me ${status}`)),
  ])
  t.deepEqual(answered, ['me 200', 'import of 2000'])
})

test('a long file gives way to others while it is written', async t => {
  let turns = 0
  const turn = (): void => {
    turns++
    next = setImmediate(turn)
  }
  let next = setImmediate(turn)
  t.teardown(() => clearImmediate(next))
  const seen: number[] = []
  async function* pieces(): AsyncGenerator<string> {
    for (let piece = 0; piece < 3; piece++) {
      seen.push(turns)
      const until = performance.now() + 15
      while (performance.now() < until) Math.sqrt(until)
      yield `${piece}\n`
    }
  }
  const slow = definePlugin({
    name: 'slow',
    version: '1.0.0',
    title: 'Slow',
    segments: ['slow'],
    permissions: { 'slow:read': 'Read' },
    setup(kit) {
      kit.route('GET /slow', {
        summary: 'A file',
        permission: 'slow:read',
        produces: 'text/csv',
        handle: () => reply(Readable.from(pieces(), { highWaterMark: 1 }), { type: 'text/csv' }),
      })
    },
  })
  await using kernel = await startTestKernel({ plugins: [slow as never] })
  t.is((await (await kernel.as('a')).get('/slow')).text, '0\n1\n2\n')
  t.true((seen[2] as number) > (seen[0] as number))
})

test('a job whose result is not JSON is done once, and says so', async t => {
  let runs = 0
  const plugin = definePlugin({
    name: 'loop',
    version: '1.0.0',
    title: 'Loop',
    segments: [],
    setup(kit) {
      kit.job('loop', {
        scope: 'tenant',
        data: z.object({}),
        async run() {
          runs++
          const result: Record<string, unknown> = {}
          result.self = result
          return result
        },
      })
    },
  })
  await using kernel = await startTestKernel({ plugins: [plugin as never] })
  const run = await kernel.job('loop', 'loop', {}, 'a')
  t.is(run.status, 'succeeded')
  t.regex(String((run.result as { not_json: string }).not_json), /circular/)
  t.is(runs, 1)
})
