import type { RegisteredRoute } from '../../plugins/registrations.ts'
import type { Answer, Client } from '../client.ts'
import { sampleOf } from '../sample.ts'
import type { TestKernel } from '../test-kernel.ts'
import { fillPath, paramsOf } from './address.ts'
import { idsNamed, recordParams } from './record-ids.ts'
import { type Subject, signatureOf, type TenantRoute, tenantRoutesOf } from './subject.ts'
import { rowsOf, snapshotOf } from './tenant-rows.ts'

const MOST_PAGES = 100

/** No route shows tenant b anything of tenant a, or lets b change or name anything of a. */
export function isolationChecks({ test, name, filled }: Subject): void {
  test(`${name}: no list shows anything of another tenant`, async t => {
    const kernel = await filled()
    const { own } = await rowsOf(kernel, 'a')
    const foreign = [...own, kernel.tenantId('a')]
    const user = await userOf(kernel, `${name}:lists`)
    for (const route of tenantRoutesOf(kernel, name)) {
      if (route.method !== 'GET' || paramsOf(route).length > 0) continue
      for await (const { status, text } of pagesOf(user, route)) {
        t.true(status < 400, `${signatureOf(route)} answered ${status}: ${text}`)
        t.deepEqual(
          foreign.filter(id => text.includes(id)),
          [],
          `${signatureOf(route)} shows ids of another tenant`,
        )
      }
    }
    t.pass()
  })

  test(`${name}: no route takes the id of another tenant's record`, async t => {
    const kernel = await filled()
    const before = await snapshotOf(kernel, 'a')
    const rows = await rowsOf(kernel, 'a')
    const [owner, other] = [await kernel.as('a'), await userOf(kernel, `${name}:ids`)]
    for (const route of tenantRoutesOf(kernel, name).filter(found => paramsOf(found).length > 0)) {
      const about = signatureOf(route)
      const choices = await recordParams(route, rows, owner)
      if (choices === undefined) continue
      t.not(choices.length, 0, `${about}: tenant a has no record to try; make one in "fill"`)
      for (const params of choices) {
        const path = fillPath(route, params)
        if (route.method === 'GET') t.is((await owner.get(path)).status, 200, `${about} for its own tenant`)
        const { status, text } = await other.request(route.method, path, ...bodyFor(route))
        const refusals = route.method === 'GET' ? [403, 404] : [403, 404, 422]
        t.true(refusals.includes(status), `${about} answered ${status} to another tenant: ${text}`)
      }
    }
    t.deepEqual(await snapshotOf(kernel, 'a'), before)
  })

  test(`${name}: no body may name a record of another tenant`, async t => {
    const kernel = await filled()
    const [foreign, own] = [await rowsOf(kernel, 'a'), await rowsOf(kernel, 'b')]
    const user = await userOf(kernel, `${name}:bodies`)
    for (const route of tenantRoutesOf(kernel, name)) {
      let named = false
      const idFor = (field: string): string | undefined => {
        const [id] = idsNamed(field, foreign)
        named ||= id !== undefined
        return id
      }
      const body = route.route.body && sampleOf(route.route.body, idFor)
      if (body === undefined || !named) continue
      for (const params of paramsOf(route).length > 0 ? ((await recordParams(route, own, user)) ?? []) : [{}]) {
        const { status, text } = await user.request(route.method, fillPath(route, params), body)
        t.true(
          status >= 400 && status < 500,
          `${signatureOf(route)} answered ${status} to ${JSON.stringify(body)}: ${text}`,
        )
      }
    }
    t.pass()
  })
}

/** A user of tenant b of the test's own, whom no rate limit has seen. */
const userOf = (kernel: TestKernel, mark: string): Promise<Client> => kernel.as('b', ['*', mark])

/** What may be sent to a route. */
export function bodyFor({ route }: RegisteredRoute): [body?: unknown, headers?: Record<string, string>] {
  if (route.upload) return ['name\nx\n', { 'content-type': route.upload.types[0] ?? '' }]
  return route.body ? [sampleOf(route.body) ?? {}] : []
}

async function* pagesOf(user: Client, route: TenantRoute): AsyncGenerator<Answer, void, undefined> {
  let cursor: string | undefined
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await user.get(
      cursor === undefined ? route.path : `${route.path}?cursor=${encodeURIComponent(cursor)}`,
    )
    yield answer
    const next: unknown = answer.body?.next_cursor
    if (typeof next !== 'string') return
    cursor = next
  }
}
