import test from 'ava'
import { z } from 'zod'
import { eventRef, newId, problem } from '../../../kernel/contract.ts'
import { startTestKernel, type TestKernel } from '../../../kernel/testing/test-kernel.ts'
import { smallPlugin } from './small-plugin.ts'

const noted = eventRef('writer.noted', z.object({ name: z.string() }))

const writer = smallPlugin(
  'writer',
  kit => {
    kit.job('follow-up', { scope: 'tenant', data: z.object({ name: z.string() }), run: async () => undefined })
    for (const atomic of [true, false]) {
      kit.route(atomic ? 'POST /writer' : 'POST /writer/loose', {
        summary: 's',
        permission: 'signed-in',
        atomic,
        body: z.strictObject({ name: z.string(), end: z.enum(['well', 'throw', 'refuse', 'badly-typed']) }),
        returns: z.object({ name: z.string() }),
        async handle({ body: { name, end } }, { call }) {
          await call.db.transaction(async () => {
            const now = call.now()
            await call.db.table('sites').insert({ id: newId(), name, created_at: now, updated_at: now })
            call.audit({ action: 'writer.noted', resourceType: 'note', resourceId: name, after: { name } })
            await call.emit(noted, { name })
            await call.enqueue('follow-up', { name })
          })
          if (end === 'throw') throw new Error('after all writes')
          if (end === 'refuse') throw problem('conflict')
          return { name: end === 'badly-typed' ? (7 as unknown as string) : name }
        },
      })
    }
  },
  { emits: [noted] },
)

/** How many rows there are of each kind that the writer writes. */
async function left(house: TestKernel): Promise<Record<string, number>> {
  const { knex } = house.kernel.runtime.database
  const count = async (table: string, where: object = {}) => (await knex(table).where(where).select()).length
  return {
    sites: await count('sites'),
    audit: await count('audit_logs', { action: 'writer.noted' }),
    outbox: await count('outbox', { event: 'writer.noted' }),
    jobs: await count('job_runs', { plugin: 'writer' }),
  }
}

test('a write that ends well leaves row, audit line, event and job', async t => {
  await using house = await startTestKernel({ plugins: [writer] })
  t.is((await (await house.as('a')).post('/writer', { name: 'n', end: 'well' })).status, 200)
  t.deepEqual(await left(house), { sites: 1, audit: 1, outbox: 1, jobs: 1 })
})

for (const [end, status] of [
  ['throw', 500],
  ['refuse', 409],
] as const) {
  test(`a handler that ends with ${end} after its writes leaves nothing`, async t => {
    await using house = await startTestKernel({ plugins: [writer] })
    t.is((await (await house.as('a')).post('/writer', { name: 'n', end })).status, status)
    t.deepEqual(await left(house), { sites: 0, audit: 0, outbox: 0, jobs: 0 })
  })
}

test('a route that opens its own transactions keeps what it committed before it failed', async t => {
  await using house = await startTestKernel({ plugins: [writer] })
  t.is((await (await house.as('a')).post('/writer/loose', { name: 'n', end: 'throw' })).status, 500)
  t.deepEqual(await left(house), { sites: 1, audit: 1, outbox: 1, jobs: 1 })
})

test('two writes at the same time do not share a transaction', async t => {
  await using house = await startTestKernel({ plugins: [writer] })
  const user = await house.as('a')
  const answers = await Promise.all([
    user.post('/writer', { name: 'one', end: 'well' }),
    user.post('/writer', { name: 'two', end: 'throw' }),
    user.post('/writer', { name: 'three', end: 'well' }),
  ])
  t.deepEqual(
    answers.map(({ status }) => status),
    [200, 500, 200],
  )
  t.deepEqual(await left(house), { sites: 2, audit: 2, outbox: 2, jobs: 2 })
})
