import type { TestKernel } from '../test-kernel.ts'
import { emptyParams, fillPath } from './address.ts'
import { type Subject, signatureOf, tenantRoutesOf } from './subject.ts'

const permissionsOf = ({ kernel }: TestKernel): string[] =>
  kernel.catalogue.plugins.flatMap(({ permissions = {} }) => Object.keys(permissions))

/** A route opens for who is signed in and holds its permission, and for nobody else. */
export function accessChecks({ test, name, calm }: Subject): void {
  test(`${name}: every route refuses without a token, and with one that is none`, async t => {
    const kernel = await calm()
    for (const registered of tenantRoutesOf(kernel, name)) {
      const path = fillPath(registered, emptyParams(registered))
      for (const authorization of ['', 'Bearer nonsense', 'Basic dXNlcjpwYXNz']) {
        const headers = authorization === '' ? {} : { authorization }
        const { status, body } = await kernel.anonymous.request(registered.method, path, undefined, headers)
        t.deepEqual(
          [status, body?.error],
          [401, 'unauthenticated'],
          `${signatureOf(registered)} with "${authorization}"`,
        )
      }
    }
    t.pass()
  })

  test(`${name}: every route refuses who holds all permissions but the one it asks for`, async t => {
    const kernel = await calm()
    const all = permissionsOf(kernel)
    for (const registered of tenantRoutesOf(kernel, name)) {
      const { permission } = registered.route
      if (permission === 'signed-in') continue
      const path = fillPath(registered, emptyParams(registered))
      const without = await kernel.as(
        'a',
        all.filter(key => key !== permission),
      )
      const { status, body } = await without.request(registered.method, path)
      t.deepEqual([status, body?.error], [403, 'forbidden'], signatureOf(registered))
      t.true(body.detail.includes(permission), `${signatureOf(registered)} does not say which permission it needs`)
      const holder = await kernel.as('a', [permission])
      const held = await holder.request(registered.method, path)
      t.false(
        held.body?.error === 'forbidden' && held.body.detail.includes(permission),
        `${signatureOf(registered)} refuses who holds ${permission}`,
      )
      t.true(held.status < 500, `${signatureOf(registered)} answered ${held.status}: ${held.text}`)
    }
    t.pass()
  })
}
