import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'

const ROOT = path.join(import.meta.dirname, '..', '..')
const inDocs = (await readdir(path.join(ROOT, 'docs'))).map(name => `docs/${name}`)
const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'bench/README.md', ...inDocs]

for (const page of pages) {
  test(`${page}: what it links to exists`, async t => {
    const text = withoutCode(await readFile(path.join(ROOT, page), 'utf8'))
    for (const [, file = '', anchor] of text.matchAll(/\]\(([^)#:\s]*)(?:#([^)\s]+))?\)/g)) {
      const target = file === '' ? path.join(ROOT, page) : path.join(ROOT, path.dirname(page), file)
      const found = await stat(target).catch(() => undefined)
      t.truthy(found, `there is no ${file}`)
      if (!found || anchor === undefined) continue
      const headings = withoutCode(await readFile(target, 'utf8')).match(/^#+ .*$/gm) ?? []
      t.true(headings.map(slug).includes(anchor), `${file} has no heading #${anchor}`)
    }
    t.pass()
  })
}

const withoutCode = (text: string): string => text.replace(/```.*?```/gs, '')

/** The anchor of a heading, as GitHub makes it. */
const slug = (heading: string): string =>
  heading
    .replace(/^#+ /, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/ /g, '-')
