import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import test from 'ava'
import '../kernel/http/own-temporary-folder.ts'
import { z } from 'zod'
import { definePlugin } from '../../kernel/contract.ts'
import { startTestKernel } from '../../kernel/testing/test-kernel.ts'

const taker = definePlugin({
  name: 'taker',
  version: '1.0.0',
  title: 'Takes files',
  segments: ['taker'],
  permissions: { 'taker:take': 'Take' },
  setup(kit) {
    kit.route('POST /taker', {
      summary: 'Counts bytes',
      permission: 'taker:take',
      upload: { types: ['multipart/form-data'] },
      maxBytes: 1_000_000,
      returns: z.object({ bytes: z.number() }),
      async handle({ upload }) {
        let bytes = 0
        for await (const piece of upload.content) bytes += (piece as Buffer).length
        return { bytes }
      },
    })
  },
})

const file = (name: string, content: string): string =>
  `--X\r\ncontent-disposition: form-data; name="f"; filename="${name}"\r\ncontent-type: text/csv\r\n\r\n${content}\r\n`
const field = (name: string): string => `--X\r\ncontent-disposition: form-data; name="${name}"\r\n\r\nvalue\r\n`
const END = '--X--\r\n'

const forms: readonly (readonly [what: string, body: string, status: number])[] = [
  ['a file', file('a.csv', 'abc') + END, 200],
  ['an empty file', file('a.csv', '') + END, 200],
  ['a file with a path for a name', file('../../../etc/evil.csv', 'abc') + END, 200],
  ['hundreds of files', Array.from({ length: 300 }, (_, i) => file(`${i}.csv`, 'abc')).join('') + END, 422],
  ['hundreds of fields', Array.from({ length: 300 }, (_, i) => field(`f${i}`)).join('') + END, 413],
  ['no file', field('a') + END, 422],
  ['a file called __proto__', file('a.csv', 'abc').replace('name="f"', 'name="__proto__"') + END, 200],
  ['a file that is cut off', file('a.csv', 'abc'.repeat(1000)).slice(0, -100), 400],
  ['a file that is too large', file('a.csv', 'a'.repeat(1_000_100)) + END, 413],
  ['another boundary', file('a.csv', 'abc').replaceAll('--X', '--Y'), 400],
]

test('no form leaves a file behind, whatever is wrong with it', async t => {
  await using kernel = await startTestKernel({ plugins: [taker as never] })
  const client = await kernel.as('a')
  for (const [what, body, status] of forms) {
    const answer = await client.post('/taker', body, { 'content-type': 'multipart/form-data; boundary=X' })
    t.is(answer.status, status, `${what}: ${answer.text}`)
    t.deepEqual(
      (await readdir(tmpdir())).filter(name => !name.startsWith('monozu-')),
      [],
      what,
    )
  }
})
