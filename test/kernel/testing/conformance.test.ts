import assert from 'node:assert/strict'
import test, { type ExecutionContext, type TestFn } from 'ava'
import { z } from 'zod'
import { type AnyPlugin, definePlugin, newId, problem, type TenantDb } from '../../../kernel/contract.ts'
import { conformance } from '../../../kernel/testing/conformance.ts'
import { badges, visits } from '../http/visits.ts'

type Implementation = (t: ExecutionContext) => Promise<void>

/** Runs what conformance registers: titles of the tests that fail, and of those that pass. */
async function run(register: (test: TestFn) => void): Promise<{ failed: string[]; passed: string[] }> {
  const tests = new Map<string, Implementation>()
  const after: Implementation[] = []
  const add = (title: string, implementation: Implementation): void => void tests.set(title, implementation)
  const always = (implementation: Implementation): void => void after.push(implementation)
  register(Object.assign(add, { serial: add, after: { always } }) as unknown as TestFn)
  const [failed, passed]: [string[], string[]] = [[], []]
  for (const [title, implementation] of tests) {
    const teardowns: (() => unknown)[] = []
    try {
      await implementation(contextOf(teardowns))
      passed.push(title)
    } catch {
      failed.push(title)
    }
    for (const teardown of teardowns) await teardown()
  }
  for (const implementation of after) await implementation(contextOf([]))
  return { failed, passed }
}

const contextOf = (teardowns: (() => unknown)[]): ExecutionContext =>
  ({
    is: assert.equal,
    not: assert.notEqual,
    deepEqual: assert.deepEqual,
    true: (value: unknown, message?: string) => assert.equal(value, true, message),
    false: (value: unknown, message?: string) => assert.equal(value, false, message),
    truthy: (value: unknown, message?: string) => assert.ok(value, message),
    regex: assert.match,
    notRegex: assert.doesNotMatch,
    pass: () => undefined,
    teardown: (run: () => unknown) => void teardowns.push(run),
  }) as unknown as ExecutionContext

const Note = z.object({ id: z.string(), name: z.string() })
const all = new Map<string, { id: string; name: string; tenant: string }>()

/** Notes, kept with care or without. Their rows are of `sites`. */
const notes = (careless: boolean): AnyPlugin => {
  const add = async (name: string, { tenantId, table }: Pick<TenantDb, 'tenantId' | 'table'>): Promise<string> => {
    const id = newId()
    all.set(id, { id, name, tenant: tenantId })
    const now = new Date().toISOString()
    await table('sites').insert({ id, name, created_at: now, updated_at: now })
    return id
  }
  return definePlugin({
    name: 'notes',
    version: '1.0.0',
    title: 'Notes',
    segments: ['notes'],
    permissions: { 'notes:read': 'Read', 'notes:write': 'Write' },
    demo: {
      async tenant({ call: { db } }) {
        await add('demo', { tenantId: db.tenantId, table: name => db.table(name) })
      },
    },
    setup(kit) {
      const find = (id: string, tenant: string) => {
        const note = all.get(id)
        if (!note || (!careless && note.tenant !== tenant)) throw problem('not_found')
        return { id: note.id, name: note.name }
      }
      kit.route('GET /notes', {
        summary: 'Notes',
        permission: 'notes:read',
        query: careless ? z.object({}) : z.strictObject({}),
        returns: z.object({ items: z.array(Note) }),
        handle: (_input, { call }) => ({
          items: [...all.values()]
            .filter(({ tenant }) => careless || tenant === call.tenant.id)
            .map(({ id, name }) => ({ id, name })),
        }),
      })
      kit.route('GET /notes/:id', {
        summary: 'A note',
        permission: 'notes:read',
        params: careless ? z.object({ id: z.string() }) : z.object({ id: z.uuid() }),
        returns: Note,
        handle: ({ params }, { call }) => find(params.id, call.tenant.id),
      })
      kit.route('PUT /notes/:id', {
        summary: careless ? 'Replaces a note.' : 'Replace a note',
        permission: 'notes:write',
        body: (careless ? z.object : z.strictObject)({ name: z.string(), site_id: z.guid() }),
        async handle({ params, body }, { call }) {
          find(params.id, call.tenant.id)
          if (!careless && !(await call.db.table('sites').first('id').where('id', body.site_id))) {
            throw problem('invalid')
          }
        },
      })
    },
  }) as unknown as AnyPlugin
}

test.serial('a plugin that keeps the rules passes', async t => {
  const { failed, passed } = await run(tests => conformance(tests, ['notes'], { plugins: [notes(false)] }))
  t.deepEqual(failed, [])
  t.true(passed.length > 10)
})

test.serial('each broken rule is found', async t => {
  const readme = (): string => 'no/such/README.md'
  const { failed } = await run(tests => conformance(tests, ['notes'], { plugins: [notes(true)], readme }))
  t.deepEqual(failed, [
    'notes: every route has a summary',
    'notes: the README names every route and permission',
    'notes: unknown query parameters are refused',
    'notes: unknown fields of a body are refused',
    'notes: no list shows anything of another tenant',
    "notes: no route takes the id of another tenant's record",
    'notes: no body may name a record of another tenant',
  ])
})

test.serial('a plugin with routes for guests is tested with guests of the test', async t => {
  const { failed } = await run(tests =>
    conformance(tests, ['visits'], {
      plugins: [badges, visits],
      guest: async (kernel, tenant) => `badge_one@${kernel.tenantId(tenant)}`,
    }),
  )
  t.deepEqual(failed, [])
  const without = await run(tests => conformance(tests, ['visits'], { plugins: [badges, visits] }))
  t.deepEqual(without.failed, [
    "visits: no route for guests takes the id of another tenant's record",
    'visits: its routes for guests are open exactly while its feature is on',
  ])
})

test.serial('a plugin that is not there, or does not run, fails every test of it', async t => {
  const failing = definePlugin({
    name: 'failing',
    version: '1.0.0',
    title: 'Failing',
    segments: [],
    setup() {
      throw new Error('no broker')
    },
  }) as unknown as AnyPlugin
  const { passed } = await run(tests => conformance(tests, ['failing', 'absent'], { plugins: [failing] }))
  t.deepEqual(passed, [])
})
