import { readFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'

const ROOT = path.join(import.meta.dirname, '..', '..')

test('what the guide for plugins quotes stands in the file it names', async t => {
  const guide = await readFile(path.join(ROOT, 'docs', 'plugins.md'), 'utf8')
  const quotes = [...guide.matchAll(/```ts\n\/\/ (\S+)\n(.*?)```/gs)]
  t.true(quotes.length > 5)
  for (const [, file = '', quote = ''] of quotes) {
    const source = await readFile(path.join(ROOT, file), 'utf8')
    t.true(source.includes(quote), `${file} no longer holds:\n${quote}`)
  }
})
