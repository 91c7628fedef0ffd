import { readFile } from 'node:fs/promises'
import { descriptorOf, routesOf, type Subject, signatureOf } from './subject.ts'

/** What a plugin says about itself is whole. */
export function descriptorChecks({ test, name, calm, readme }: Subject): void {
  test(`${name}: every route has a summary`, async t => {
    for (const registered of routesOf(await calm(), name)) {
      const { summary } = registered.route
      t.true(summary.trim().length > 0, `${signatureOf(registered)} has no summary`)
      t.notRegex(summary, /\n|\.$/, `the summary of ${signatureOf(registered)} is one line without a full stop`)
    }
  })

  test(`${name}: every permission that a route asks for is declared, with what it lets one do`, async t => {
    const kernel = await calm()
    const declared = new Map(
      kernel.kernel.catalogue.plugins.flatMap(plugin => Object.entries(plugin.permissions ?? {})),
    )
    for (const registered of routesOf(kernel, name)) {
      if (registered.kind !== 'tenant' || registered.route.permission === 'signed-in') continue
      t.truthy(declared.get(registered.route.permission)?.trim(), signatureOf(registered))
    }
    for (const [key, text] of Object.entries(descriptorOf(kernel, name).permissions ?? {})) t.truthy(text.trim(), key)
    t.pass()
  })

  test(`${name}: every notice says in one line what it tells of`, async t => {
    const kernel = await calm()
    t.truthy(routesOf(kernel, name))
    for (const [kind, { title }] of Object.entries(descriptorOf(kernel, name).notices ?? {})) {
      t.true(title.trim().length > 0, `the notice "${kind}" has no title`)
      t.notRegex(title, /\n|\.$/, `the title of the notice "${kind}" is one line without a full stop`)
    }
  })

  if (readme === undefined) return
  test(`${name}: the README names every route and permission`, async t => {
    const kernel = await calm()
    const text = await readFile(readme, 'utf8').catch(() => '')
    const words = new Set(text.split(/[^\w:/.-]+/))
    const lines = text.split('\n').map(line => line.split(/[^\w:/.-]+/))
    const missing = [
      ...routesOf(kernel, name)
        .filter(route => {
          const path = signatureOf(route).split(' ')[1] as string
          return !lines.some(line => line.includes(route.method) && (line.includes(path) || line.includes(route.path)))
        })
        .map(signatureOf),
      ...Object.keys(descriptorOf(kernel, name).permissions ?? {}).filter(key => !words.has(key)),
    ]
    t.deepEqual(missing, [], `${readme} ${text === '' ? 'is missing' : 'does not name all'}`)
  })
}
