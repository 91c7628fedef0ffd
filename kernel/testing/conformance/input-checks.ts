import type { Answer } from '../client.ts'
import { emptyParams, fillPath, paramsOf, takes } from './address.ts'
import { type Subject, signatureOf, type TenantRoute, tenantRoutesOf } from './subject.ts'

const JSON_LIMIT = 100_000
const UPLOAD_LIMIT = 50_000_000
const UNKNOWN = 'there_is_no_such_name'
const json = { 'content-type': 'application/json' }

const codeOf = ({ status, body }: Answer): string => `${status} ${body?.error ?? ''}`
const placesOf = ({ body }: Answer): string[] => (body?.errors ?? []).map((fault: { path: string }) => fault.path)

/** Bad input is refused with a clear code, on every route, before anything is done. */
export function inputChecks({ test, name, calm }: Subject): void {
  /** Calls `check` for each route, with a way to call it as a user of its own, whom no rate limit has seen. */
  function eachRoute(
    what: string,
    wanted: (route: TenantRoute) => boolean,
    check: (
      call: (path?: string, body?: string, headers?: Record<string, string>) => Promise<Answer>,
      route: TenantRoute,
      expect: (answer: Answer, code: string, about?: string) => void,
    ) => Promise<void>,
  ): void {
    test(`${name}: ${what}`, async t => {
      const kernel = await calm()
      const user = await kernel.as('a', ['*', `${name}:${what}`])
      for (const route of tenantRoutesOf(kernel, name).filter(wanted)) {
        const call = (path = '', body?: string, headers?: Record<string, string>): Promise<Answer> =>
          user.request(
            route.method,
            path.startsWith('/') ? path : fillPath(route, emptyParams(route)) + path,
            body,
            headers,
          )
        await check(call, route, (answer, code, about = '') => {
          t.is(codeOf(answer), code, `${signatureOf(route)} ${about}`)
        })
      }
      t.pass()
    })
  }

  eachRoute(
    'unknown query parameters are refused',
    () => true,
    async (call, _route, expect) => {
      const answer = await call(`?${UNKNOWN}=1`)
      expect(answer, '422 invalid')
      if (!placesOf(answer).includes(`query.${UNKNOWN}`)) expect(answer, `a fault at query.${UNKNOWN}`)
    },
  )

  eachRoute(
    'a parameter of the path that is no id is refused',
    route => paramsOf(route).length > 0,
    async (call, route, expect) => {
      for (const param of paramsOf(route)) {
        for (const value of ['not-an-id', '%27%20OR%201=1', '..%2F..']) {
          if (takes(route, param, decodeURIComponent(value))) continue
          const path = fillPath(route, emptyParams(route))
          const values = { ...emptyParams(route), [param]: decodeURIComponent(value) }
          expect(await call(fillPath(route, values)), '422 invalid', `with ${value} for :${param} of ${path}`)
        }
      }
    },
  )

  eachRoute(
    'a body that cannot be read, is too large or of another type is refused',
    ({ route }) => route.body !== undefined,
    async (call, { route }, expect) => {
      const limit = route.maxBytes ?? JSON_LIMIT
      expect(await call('', '{"cut off', json), '400 malformed')
      expect(await call('', ' '.repeat(limit + 1), json), '413 too_large')
      expect(
        await call('', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }),
        '415 unsupported_media_type',
      )
    },
  )

  eachRoute(
    'unknown fields of a body are refused',
    ({ route }) => route.body !== undefined,
    async (call, _route, expect) => {
      const answer = await call('', JSON.stringify({ [UNKNOWN]: 1 }), json)
      expect(answer, '422 invalid')
      if (!placesOf(answer).includes(`body.${UNKNOWN}`)) expect(answer, `a fault at body.${UNKNOWN}`)
    },
  )

  eachRoute(
    'a file that is too large or of another type is refused',
    ({ route }) => route.upload !== undefined,
    async (call, { route }, expect) => {
      const type = { 'content-type': route.upload?.types.find(known => !known.startsWith('multipart/')) ?? '' }
      const large = (route.maxBytes ?? UPLOAD_LIMIT) + 1
      expect(await call('', 'x', { ...type, 'content-length': String(large) }), '413 too_large')
      expect(await call('', 'x', { 'content-type': 'application/x-none' }), '415 unsupported_media_type')
    },
  )
}
