import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { startTestKernel, type TestKernel } from '../../../kernel/testing/test-kernel.ts'

const DAY = 86_400_000
const run = promisify(execFile)
const recipe = path.join(import.meta.dirname, '../../../examples/audit-export/verify.js')

/** A kernel whose tenant `a` has some lines. */
async function house(lines = 5): Promise<TestKernel> {
  const kernel = await startTestKernel({ plugins: [] })
  const admin = await kernel.as('a')
  for (let n = 0; n < lines; n++) {
    kernel.clock.advance(1000)
    await admin.post('/groups', { name: `Gruppe "${n}" – ä\u2028`, permissions: ['audit:read'] })
  }
  return kernel
}

const seal = async (kernel: TestKernel) => (await kernel.job('audit', 'seal', {})).result as { sealed: number }

test('the job seals, and an auditor verifies', async t => {
  await using kernel = await house()
  const auditor = await kernel.as('a', ['audit:read'])
  const { unsealed } = (await auditor.get('/audit/verify')).body
  t.true(unsealed >= 5)
  t.true((await seal(kernel)).sealed >= unsealed)
  const { status, body } = await auditor.get('/audit/verify')
  t.is(status, 200)
  t.like(body, { valid: true, head: 'valid', unsealed: 0, first_sequence: 1, problem: null })
  t.is(body.checked, body.last_sequence)
  t.like((await auditor.get('/audit/verify?from_sequence=2&to_sequence=3')).body, { valid: true, checked: 2 })
  t.is((await auditor.get('/audit/verify?from_sequence=0')).status, 422)
  t.is((await (await kernel.as('a', ['rbac:read'])).get('/audit/verify')).status, 403)
  const [line] = (await auditor.get(`/audit?from_sequence=${body.last_sequence}`)).body.items
  t.is(line.sequence, body.last_sequence)
  t.is(line.hash, body.last_hash)
  await seal(kernel)
  t.deepEqual(await seal(kernel), { sealed: 0, refused: [], signed_anew: 0 } as never)
})

test('each tenant verifies its own chain', async t => {
  await using kernel = await house()
  await seal(kernel)
  const { database } = kernel.kernel.runtime
  await database
    .knex('audit_logs')
    .where({ tenant_id: kernel.tenantId('a'), sequence: 2 })
    .update({ action: 'x' })
  const [a, b] = [await kernel.as('a', ['audit:read']), await kernel.as('b', ['audit:read'])]
  t.like((await a.get('/audit/verify')).body, { valid: false, problem: { kind: 'changed', sequence: 2 } })
  t.like((await b.get('/audit/verify')).body, { valid: true })
})

test('an auditor checks an export without us', async t => {
  await using kernel = await house(12)
  await seal(kernel)
  const auditor = await kernel.as('a', ['audit:read'])
  const { last_hash, last_sequence } = (await auditor.get('/audit/verify')).body
  const { text } = await auditor.get('/audit/export?format=json&order=chain')
  t.is(JSON.parse(text).length, last_sequence)
  const folder = await mkdtemp(path.join(tmpdir(), 'monozu-test-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const file = path.join(folder, 'audit.json')
  const check = async (content: string, ...options: string[]) => {
    await writeFile(file, content)
    return run(process.execPath, [recipe, file, ...options])
  }
  const tenant = ['--tenant', kernel.tenantId('a')]
  const { stdout } = await check(text, ...tenant)
  t.is(stdout, `${last_sequence} lines are as they were sealed; the last hash is ${last_hash}\n`)
  const part = (await auditor.get('/audit/export?format=json&order=chain&from_sequence=4')).text
  const before = JSON.parse(text)[2].hash
  t.regex((await check(part, '--after', before)).stdout, new RegExp(`^${last_sequence - 3} lines`))
  await t.throwsAsync(check(part, ...tenant), { message: /line 4 does not fit/ })
  await t.throwsAsync(check(text.replace('Gruppe', 'Truppe'), ...tenant), { message: /does not fit/ })
  const lines = text.split('\n')
  await t.throwsAsync(check(lines.toSpliced(4, 1).join('\n'), ...tenant), { message: /after line 4 comes line 6/ })
  await t.throwsAsync(check(text, '--tenant', kernel.tenantId('b')), { message: /line 1 does not fit/ })
})

test('a CSV carries place and hash, too', async t => {
  await using kernel = await house(2)
  await seal(kernel)
  const { text } = await (await kernel.as('a', ['audit:read'])).get('/audit/export?order=chain')
  const lines = text.split('\r\n')
  t.regex(lines[0] as string, /,created_at,sequence,hash$/)
  t.regex(lines[1] as string, /Z,1,[0-9a-f]{64}$/)
})

test('the log is narrowed by who, from where, and under which trace', async t => {
  await using kernel = await house(3)
  const auditor = await kernel.as('a', ['audit:read'])
  const [line] = (await auditor.get('/audit?limit=1&action=group.created')).body.items
  const found = async (query: Record<string, string>): Promise<number> => {
    const { status, body, text } = await auditor.get(`/audit?${new URLSearchParams(query)}`)
    t.is(status, 200, text)
    return body.items.length
  }
  t.is(await found({ trace_id: line.trace_id }), 1)
  t.true((await found({ actor_id: line.actor_id })) >= 3)
  t.is(await found({ actor_id: line.actor_id, actor_kind: 'device' }), 0)
  t.is(await found({ user_id: line.user_id, action: 'group.created' }), 3)
  const from = new Date(kernel.clock.now().getTime() - DAY).toISOString()
  t.is(await found({ q: 'GRUPPE "1"', from }), 0, 'as JSON writes it')
  t.is(await found({ q: 'gruppe \\"1', from }), 1)
  t.true((await found({ ip_address: line.ip_address, from })) >= 3)
  t.is(await found({ ip_address: '192.0.2.99', from }), 0)
  t.true((await found({ actor_kind: 'user', from })) >= 3)
})

test('what no index serves wants a time of a month at most', async t => {
  await using kernel = await house(1)
  const auditor = await kernel.as('a', ['audit:read'])
  const now = kernel.clock.now().getTime()
  const ago = (days: number) => encodeURIComponent(new Date(now - days * DAY).toISOString())
  for (const filter of ['q=x', 'ip_address=192.0.2.1', 'actor_kind=device']) {
    t.is((await auditor.get(`/audit?${filter}`)).status, 422)
    t.is((await auditor.get(`/audit?${filter}&from=${ago(32)}`)).status, 422)
    t.is((await auditor.get(`/audit/export?${filter}`)).status, 422)
    t.is((await auditor.get(`/audit?${filter}&from=${ago(30)}`)).status, 200)
    t.is((await auditor.get(`/audit?${filter}&from=${ago(90)}&to=${ago(60)}`)).status, 200)
    t.is((await auditor.get(`/audit?${filter}&action=group.created`)).status, 200)
  }
})

test('a tenant says how long it keeps its log', async t => {
  await using kernel = await house(2)
  const admin = await kernel.as('a')
  const first = await admin.get('/settings/retention')
  t.deepEqual(first.body, { audit_retention_days: 365, ingest_retention_days: 30 })
  const set = await admin.patch(
    '/settings/retention',
    { audit_retention_days: 40 },
    { 'if-match': String(first.headers.etag) },
  )
  t.deepEqual(set.body, { audit_retention_days: 40, ingest_retention_days: 30 })
  t.is(
    (await admin.patch('/settings/retention', { audit_retention_days: 50 }, { 'if-match': String(first.headers.etag) }))
      .status,
    412,
  )
  t.deepEqual((await admin.get('/settings/retention')).body.audit_retention_days, 40)
  for (const body of [
    { audit_retention_days: 29 },
    { audit_retention_days: 3651 },
    { ingest_retention_days: 0 },
    { ingest_retention_days: 366 },
    { audit_retention_days: '40' },
    { days: 4 },
    {},
  ]) {
    t.is((await admin.patch('/settings/retention', body)).status, 422, JSON.stringify(body))
  }
  const reader = await kernel.as('a', ['settings:read'])
  t.is((await reader.get('/settings/retention')).status, 200)
  t.is((await reader.patch('/settings/retention', { audit_retention_days: 60 })).status, 403)
  t.is((await (await kernel.as('a', ['audit:read'])).get('/settings/retention')).status, 403)
  t.is((await (await kernel.as('b')).get('/settings/retention')).body.audit_retention_days, 365)
  t.like(
    (await kernel.audit('a')).find(({ action }) => action === 'retention.updated'),
    {
      before: '{"audit_retention_days":365}',
      after: '{"audit_retention_days":40}',
    },
  )
  t.is((await admin.patch('/settings/retention', { audit_retention_days: null })).body.audit_retention_days, 365)
})

test('the nightly job seals first, deletes, and says so in the log', async t => {
  await using kernel = await house(4)
  await (await kernel.as('a')).patch('/settings/retention', { audit_retention_days: 30 })
  const before = (await kernel.audit('a')).length
  kernel.clock.advance(31 * DAY)
  const auditor = await kernel.as('a', ['audit:read'])
  const { result } = await kernel.job('audit', 'retention', {})
  t.like(result as object, { deleted: before, held: [] })
  const left = await kernel.audit('a')
  t.false(left.some(({ action }) => action === 'group.created'))
  const pruned = left.find(({ action }) => action === 'audit.pruned')
  t.like(pruned, { actor_kind: 'service', resource_type: 'audit', resource_id: kernel.tenantId('a') })
  t.like(JSON.parse(String(pruned?.after)), { deleted: before, first_sequence: 1, last_sequence: before })
  await seal(kernel)
  t.like((await auditor.get('/audit/verify')).body, { valid: true, first_sequence: before + 1 })
})

test('operators look at any chain, and make an end good whose key is lost', async t => {
  await using kernel = await house()
  await seal(kernel)
  const { database } = kernel.kernel.runtime
  const chain = kernel.tenantId('a')
  const verify = async (name = chain) => (await kernel.internal.get(`/internal/audit/verify?chain=${name}`)).body
  const sign = () => kernel.internal.post('/internal/audit/sign', { chain })
  t.like(await verify(), { valid: true })
  t.like(await verify('platform'), { valid: true })
  t.is((await kernel.anonymous.get(`/internal/audit/verify?chain=${chain}`)).status, 401)
  t.is((await kernel.anonymous.post('/internal/audit/sign', { chain })).status, 401)
  t.is((await (await kernel.as('a')).post('/internal/audit/sign', { chain })).status, 401)
  t.is((await kernel.internal.post('/internal/audit/sign', { chain: crypto.randomUUID() })).status, 404)
  await database.knex('audit_chains').where({ chain }).update({ signature: 'ffffffff.x' })
  t.like(await verify(), { valid: false, head: 'unknown_key' })
  t.like((await sign()).body, { valid: true, head: 'valid' })
  const signed = (await kernel.audit('a')).at(-1)
  t.like(signed, { action: 'audit.chain_signed', actor_kind: 'service' })
  const after = JSON.parse(String(signed?.after))
  t.like(after, { state_before: 'unknown_key', leads_to: (await verify()).last_hash })
  await database.knex('audit_logs').where({ tenant_id: chain, sequence: 2 }).update({ action: 'x' })
  await database.knex('audit_chains').where({ chain }).update({ signature: 'ffffffff.x' })
  t.is((await sign()).status, 409)
  t.like(await verify(), { valid: false, head: 'unknown_key', problem: { kind: 'changed', sequence: 2 } })
})
