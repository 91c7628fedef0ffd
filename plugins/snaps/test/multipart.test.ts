import test from 'ava'
import { Problem } from '../../../kernel/contract.ts'
import { boundaryOf, MultipartForm } from '../services/multipart.ts'

const BOUNDARY = '----form-4711'
const field = (name: string, value: string): string =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const file = (content: string): string =>
  `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="a.snap"\r\nContent-Type: application/octet-stream\r\n\r\n${content}\r\n`
const END = `--${BOUNDARY}--\r\n`

async function* inPieces(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function read(text: string, size = 1_000): Promise<{ content: string; fields: Record<string, string> }> {
  const form = new MultipartForm(inPieces(text, size), BOUNDARY)
  const pieces: Buffer[] = []
  for await (const piece of await form.file()) pieces.push(Buffer.from(piece))
  await form.end()
  return { content: Buffer.concat(pieces).toString(), fields: form.fields }
}

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.catch((thrown: unknown) => thrown)
  return error instanceof Problem ? `${error.code}: ${error.message}` : String(error)
}

test('a form is read the same however its bytes are cut', async t => {
  const content = `a\r\n--b\r\n-${'-'.repeat(20)}\r\n----form-471\r\n----form-4711`.slice(0, -1)
  const text = `a preamble\r\n${field('name', 'edgezu')}${field('version', '')}${file(content)}${field('channel', 'beta')}${END}`
  for (let size = 1; size <= 80; size++) {
    t.deepEqual(
      await read(text, size),
      { content, fields: { name: 'edgezu', version: '', channel: 'beta' } },
      `${size}`,
    )
  }
})

test('an empty file, and a form that ends without a line break', async t => {
  t.deepEqual(await read(`${file('')}--${BOUNDARY}--`, 7), { content: '', fields: {} })
})

test('a form that is cut off is malformed, wherever it is', async t => {
  const text = `${field('name', 'edgezu')}${file('0123456789')}--${BOUNDARY}--`
  for (let length = 0; length < text.length; length++) {
    t.regex(await codeOf(read(text.slice(0, length), 9)), /^malformed: The multipart form is cut off/, `${length}`)
  }
})

test('what is no form with one file is refused', async t => {
  t.is(await codeOf(read(field('name', 'x') + END)), 'invalid: The form has no file.')
  t.is(await codeOf(read(file('a') + file('b') + END)), 'invalid: The form has more than one file.')
  t.regex(await codeOf(read(`--${BOUNDARY}\r\nX: y\r\n\r\nz\r\n${END}`)), /^malformed: .* a part without a name/)
  t.regex(await codeOf(read(field('name', 'x'.repeat(2_000)) + file('a') + END)), /^too_large: /)
  t.regex(await codeOf(read(Array.from({ length: 30 }, (_, i) => field(`n${i}`, '1')).join('') + END)), /^too_large: /)
  t.regex(await codeOf(read('x'.repeat(100_000))), /^too_large: /)
})

test('the boundary is taken from the header, in quotes or without', t => {
  t.is(boundaryOf('multipart/form-data; boundary=abc'), 'abc')
  t.is(boundaryOf('multipart/form-data; charset=utf-8; Boundary="a b;c"'), 'a b;c')
  t.throws(() => boundaryOf('multipart/form-data'), { instanceOf: Problem })
})
