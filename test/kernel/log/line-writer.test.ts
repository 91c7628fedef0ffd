import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { createLineWriter } from '../../../kernel/log/line-writer.ts'

const gap = (lost: number): string => `${lost} lost\n`
const failure = (code: string): Error => Object.assign(new Error(code), { code })

/** A file descriptor that does what a script says, then takes everything. */
function scripted(script: (number | string)[]) {
  const calls: string[] = []
  let out = ''
  const write = (_fd: number, bytes: Uint8Array): number => {
    const step = script.shift() ?? bytes.length
    if (typeof step === 'string') throw failure(step)
    calls.push(Buffer.from(bytes).toString())
    out += Buffer.from(bytes.subarray(0, step)).toString()
    return Math.min(step, bytes.length)
  }
  return { write, calls, out: () => out }
}

test('lines are gathered into one write, in order', t => {
  const file = scripted([])
  const writer = createLineWriter(1, { write: file.write, gap })
  t.teardown(() => writer.close())
  for (let i = 0; i < 100; i += 1) writer.write(`line ${i}\n`)
  t.is(file.calls.length, 0)
  writer.flush()
  t.is(file.calls.length, 1)
  t.deepEqual(file.out().split('\n').slice(0, 2), ['line 0', 'line 1'])
  t.is(file.out().split('\n').length, 101)
})

test('a full batch goes out without a flush', t => {
  const file = scripted([])
  const writer = createLineWriter(1, { write: file.write, gap })
  t.teardown(() => writer.close())
  for (let i = 0; i < 100; i += 1) writer.write(`${'x'.repeat(999)}\n`)
  t.true(file.calls.length >= 2)
})

test('a pipe that takes a part at a time loses nothing and repeats nothing', t => {
  const file = scripted([3, 'EAGAIN', 'EAGAIN', 1])
  const writer = createLineWriter(1, { write: file.write, gap })
  t.teardown(() => writer.close())
  writer.write('first é\n')
  writer.write('second\n')
  writer.flush()
  t.is(file.out(), 'first é\nsecond\n')
})

test('lines that a full disk refused are counted where the log goes on', t => {
  const file = scripted(['ENOSPC'])
  const writer = createLineWriter(1, { write: file.write, gap })
  t.teardown(() => writer.close())
  writer.write('one\n')
  writer.write('two\n')
  writer.flush()
  writer.write('three\n')
  writer.flush()
  t.is(file.out(), '2 lost\nthree\n')
})

test('a reader that has gone is no error', t => {
  const file = scripted(['EPIPE'])
  const writer = createLineWriter(1, { write: file.write, gap })
  t.teardown(() => writer.close())
  writer.write('one\n')
  t.notThrows(() => writer.flush())
  writer.write('two\n')
  writer.flush()
  t.is(file.out(), '')
})

const module = JSON.stringify(new URL('../../../kernel/log/line-writer.ts', import.meta.url).href)

for (const [how, ending] of [
  ['returns from main', ''],
  ['calls process.exit', 'process.exit(0)'],
  ['throws', 'throw new Error("end")'],
] as const) {
  test(`a process that ${how} has written every line`, async t => {
    const code = `const { createLineWriter } = await import(${module})
      const writer = createLineWriter(1, { gap: String })
      for (let i = 0; i < 5000; i++) writer.write('line ' + i + '\\n')
      ${ending}`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'ignore'] })
    let out = ''
    child.stdout.on('data', chunk => {
      out += chunk
    })
    await once(child, 'close')
    t.is(out.split('\n').length, 5001)
    t.true(out.endsWith('line 4999\n'))
  })
}

test('it writes to a real file', t => {
  const folder = mkdtempSync(join(tmpdir(), 'monozu-log-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const fd = openSync(join(folder, 'log'), 'w')
  const writer = createLineWriter(fd, { gap })
  writer.write('a line\n')
  writer.close()
  closeSync(fd)
  t.is(readFileSync(join(folder, 'log'), 'utf8'), 'a line\n')
})
