import { fileURLToPath } from 'node:url'
import test from 'ava'
import { benchToken } from '../identity.ts'
import { sampleInput } from '../sample.ts'
import { startServer } from '../server-process.ts'

const authorization = `Bearer ${benchToken()}`
const json = { authorization, 'content-type': 'application/json' }
const scripts = ['raw-server.ts', 'koa-knex-server.ts'].map(file =>
  fileURLToPath(new URL(`../${file}`, import.meta.url)),
)

test('the two hand-written servers give the same answers', async t => {
  const [raw, naive] = await Promise.all(scripts.map(script => startServer(script)))
  t.teardown(() => Promise.all([raw?.stop(), naive?.stop()]))
  const both = (path: string, init: RequestInit = { headers: { authorization } }) =>
    Promise.all([raw, naive].map(server => fetch(`${server?.url}${path}`, init)))

  const pages = (await both('/assets?limit=50').then(jsons)) as { items: { id: string }[]; next_cursor: string }[]
  t.is(pages[0]?.items.length, 50)
  t.deepEqual(pages[0], pages[1])
  const [next, sameNext] = await both(`/assets?limit=50&cursor=${pages[0]?.next_cursor}`).then(jsons)
  t.deepEqual(next, sameNext)
  t.notDeepEqual(next, pages[0])
  const [one, same] = await both(`/assets/${pages[0]?.items[0]?.id}`).then(jsons)
  t.deepEqual(one, pages[0]?.items[0])
  t.deepEqual(one, same)
  const body = JSON.stringify(sampleInput(1))
  t.deepEqual(
    (await both('/assets', { method: 'POST', headers: json, body })).map(answer => answer.status),
    [201, 201],
  )
  t.deepEqual(
    (await both('/assets', {})).map(answer => answer.status),
    [401, 401],
  )
})

function jsons(answers: readonly Response[]): Promise<unknown[]> {
  return Promise.all(answers.map(answer => answer.json()))
}
