import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { ROOT } from './dockerfile.ts'

/** Errors that end a start with their message alone (kernel/main.ts). */
const FAULTS = ['StartFault', 'DatabaseUnusable', 'DatabaseInUse', 'MigrationError']

async function sources(): Promise<string> {
  const texts: string[] = []
  for (const folder of ['config', 'db', 'kernel']) {
    const files = await readdir(path.join(ROOT, folder), { recursive: true })
    for (const file of files.filter(name => name.endsWith('.ts') && !/(^|\/)(test|testing)\//.test(name)))
      texts.push(await readFile(path.join(ROOT, folder, file), 'utf8'))
  }
  return texts.join('\n')
}

/** Joins literals that go over several lines, and puts `…` for what is filled in. */
const readable = (code: string): string =>
  code
    .replace(/['"`]\s*\+\s*\n?\s*['"`]/g, '')
    .replace(/\$\{(?:[^{}]|\{[^}]*\})*\}/g, '…')
    .replace(/\\n/g, ' ')

const code = readable(await sources())
const guide = await readFile(path.join(ROOT, 'docs/operations.md'), 'utf8')
const section = guide.slice(guide.indexOf('## Troubleshooting'), guide.indexOf('In the running server:'))
const documented = [...section.matchAll(/^\| `([^`]+)` \|/gm)].flatMap(([, message]) => message ?? [])

/** Whether all of a message stands in the code, in order and within one statement. */
const stands = (message: string): boolean => {
  const parts = message.split('…').map(part => part.trim())
  const pattern = parts.map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^;]{0,200}?')
  return new RegExp(pattern).test(code)
}

test('the messages of the troubleshooting table are those of the code', t => {
  t.true(documented.length > 10)
  t.deepEqual(
    documented.filter(message => !stands(message)),
    [],
  )
})

test('every fault that ends a start is in the table', t => {
  const thrown = [
    ...code.matchAll(new RegExp(`new (?:${FAULTS.join('|')})\\(\\s*(['"\`])((?:(?!\\1)[^\\\\]|\\\\.)+)\\1`, 'g')),
  ]
  const messages = thrown.flatMap(([, , message]) => message ?? [])
  t.true(messages.length > 4)
  const words = (text: string) => text.split('…').map(part => part.trim())
  const missing = messages.filter(
    message => !documented.some(row => words(message).every(part => row.includes(part.slice(0, 30)))),
  )
  t.deepEqual(missing, [])
})
