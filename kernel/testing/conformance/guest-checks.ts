import type { GuestRef } from '../../contract.ts'
import type { TenantName, TestKernel } from '../test-kernel.ts'
import { emptyParams, fillPath, paramsOf } from './address.ts'
import { bodyFor } from './isolation-checks.ts'
import { recordParams } from './record-ids.ts'
import { descriptorOf, type GuestsRoute, guestRoutesOf, type Subject, signatureOf } from './subject.ts'
import { rowsOf, snapshotOf } from './tenant-rows.ts'

/** Makes a guest of a tenant; resolves with its credential. */
export type MakeGuest = (t: TestKernel, tenant: TenantName, ref: GuestRef) => Promise<string>

/** A route for guests opens for who brings a credential while the feature is on, and for nobody else. */
export function guestChecks({ test, name, calm, filled, switched }: Subject, guest: MakeGuest): void {
  test(`${name}: every route for guests refuses without a credential, and with one that is none`, async t => {
    const kernel = await calm()
    const user = await kernel.as('a')
    for (const route of guestRoutesOf(kernel, name)) {
      const { guests } = route.route
      const path = fillPath(route, emptyParams(route))
      for (const client of [
        kernel.anonymous,
        user,
        ...['nonsense', 'x'.repeat(5_000)].map(key => kernel.guest(guests, key)),
      ]) {
        const { status, body } = await client.request(route.method, path)
        t.deepEqual([status, body?.error], [401, 'unauthenticated'], signatureOf(route))
        t.true(body.detail.includes(guests.header), `${signatureOf(route)} does not name the header ${guests.header}`)
      }
    }
    t.pass()
  })

  test(`${name}: no route for guests takes the id of another tenant's record`, async t => {
    const routes = guestRoutesOf(await calm(), name).filter(found => paramsOf(found).length > 0)
    if (routes.length === 0) return t.pass()
    const kernel = await filled()
    const before = await snapshotOf(kernel, 'a')
    const [rows, user] = [await rowsOf(kernel, 'a'), await kernel.as('a')]
    for (const route of routes) {
      const other = kernel.guest(route.route.guests, await guest(kernel, 'b', route.route.guests))
      for (const params of (await recordParams(route, rows, user)) ?? []) {
        const { status, text } = await other.request(route.method, fillPath(route, params), ...bodyFor(route))
        const refusals = route.method === 'GET' ? [403, 404] : [403, 404, 422]
        t.true(refusals.includes(status), `${signatureOf(route)} answered ${status} to another tenant: ${text}`)
      }
    }
    t.deepEqual(await snapshotOf(kernel, 'a'), before)
  })

  test.serial(`${name}: its routes for guests are open exactly while its feature is on`, async t => {
    const kernel = await switched()
    const { feature } = descriptorOf(kernel, name)
    const routes = guestRoutesOf(kernel, name)
    if (feature === undefined || routes.length === 0) return t.pass()
    const others = kernel.features.filter(key => key !== feature)
    const answers = (tenant: TenantName): Promise<string[]> =>
      Promise.all(
        routes.map(async route => {
          const client = kernel.guest(route.route.guests, await guest(kernel, tenant, route.route.guests))
          const { status, body } = await client.request(route.method, fillPath(route, emptyParams(route)))
          return `${signatureOf(route)}: ${status} ${body?.error ?? ''}`
        }),
      )
    const closed = (route: GuestsRoute): string => `${signatureOf(route)}: 403 feature_disabled`

    for (const answer of await answers('a')) t.notRegex(answer, /: (401|503|403 feature_disabled|405)/)
    await kernel.licence('a', others)
    t.deepEqual(await answers('a'), routes.map(closed))
    for (const answer of await answers('b')) t.notRegex(answer, /: (401|503|403 feature_disabled|405)/)
    await kernel.licence('a', kernel.features)
  })
}
