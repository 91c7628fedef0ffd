import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'

const ROOT = path.join(import.meta.dirname, '..', '..')

/** Messages of Node, and one that is names alone. */
const FOREIGN = /^(Cannot find |TypeScript enum |Package subpath |[\w-]+ -> [\w-]+: …$)/

/** The text of everything that could tell a fault. */
const source = ['config', 'db', 'kernel']
  .flatMap(folder => readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true }))
  .filter(entry => entry.isFile() && entry.name.endsWith('.ts') && path.basename(entry.parentPath) !== 'test')
  .map(entry => readFileSync(path.join(entry.parentPath, entry.name), 'utf8'))
  .join('\n')

const longest = (parts: readonly string[]): string =>
  parts.map(part => part.trim()).reduce((long, part) => (part.length > long.length ? part : long))

/** The longest run of words between what stands for a name or a number; in quotes there may be either. */
function fixedParts(message: string): string[] {
  const said = message.replace(/^[a-z]+(\.\S+)? (?=must be )/, '')
  const places = /[…;]|->|[()]|: |\b(?:\d+(?:\.\d+)?|[xXy](?:\/y)?|work-orders|kit\.\w+)\b/
  return [longest(said.split(places)), longest(said.replaceAll(/"[^"]*"/g, '…').split(places))]
}

const guide = readFileSync(path.join(ROOT, 'docs/plugins.md'), 'utf8')
const messages = guide
  .slice(guide.indexOf('## Troubleshooting'))
  .split('\n')
  .filter(line => line.startsWith('| `'))
  .flatMap(line => [...(line.split(' | ')[0] as string).matchAll(/`([^`]+)`/g)].map(match => match[1] as string))
  .filter(message => !FOREIGN.test(message))

test('the messages that the guide for plugins explains are those that the code tells', t => {
  t.true(messages.length > 30)
  for (const message of messages) {
    const parts = fixedParts(message).filter(part => part.length >= 8)
    t.true(
      parts.some(part => source.includes(part)),
      `nothing says "${parts.join('" or "')}" of: ${message}`,
    )
  }
})
