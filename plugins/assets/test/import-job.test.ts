import test from 'ava'
import type { TestKernel } from '../../../kernel/testing/test-kernel.ts'
import { withPlant } from './plant.ts'

const files = (kernel: TestKernel): Promise<{ id: string }[]> =>
  kernel.kernel.runtime.database.knex('asset_imports').select('id')

test(
  'a file is imported by a job, whose result is the report',
  withPlant(async (t, { kernel, importCsv, user }) => {
    const rows = Array.from({ length: 3_000 }, (_, i) => `Kühlpumpe ${i},plc`).join('\n')
    const queued = await importCsv(`name,type\n${rows}\nX,toaster\n`, '?async=true')
    t.is(queued.status, 202)
    t.is(queued.headers.location, `/api/v1/jobs/${queued.body.job_id}`)
    const run = await kernel.finished(queued.body.job_id)
    t.is(run.status, 'succeeded')
    t.like(run.result, { total: 3001, created: 3000, failed: 1 })
    const { rows: lines, rows_omitted } = run.result as { rows: { row: number }[]; rows_omitted: number }
    t.is(lines.length + rows_omitted, 3001)
    t.like(lines.at(-1), { row: 3002, status: 'failed' })
    t.is(run.progress?.message, '3001 rows')
    t.is(run.progress?.done, run.progress?.total)
    t.is((await user.get('/assets?count=true&limit=1')).body.count, 3000)
    t.deepEqual(await files(kernel), [])
    t.is((await user.get(`/jobs/${queued.body.job_id}`)).body.result.created, 3000)
  }),
)

test(
  'the job does no more than who asked for it may do',
  withPlant(async (t, { kernel, importCsv, user }) => {
    await importCsv('key,name,type\nK-1,A,plc\n')
    const adder = await kernel.as('a', ['assets:create'])
    const csv = { 'content-type': 'text/csv' }
    const { body } = await adder.request('POST', '/assets/import?async=true', 'key,name,type\nK-1,A2,plc\n', csv)
    t.like((await kernel.finished(body.job_id)).result, { updated: 0, failed: 1 })
    t.is((await user.get('/assets?q=A2&count=true')).body.count, 0)
  }),
)

test(
  'a dry run as a job writes nothing',
  withPlant(async (t, { kernel, importCsv, user }) => {
    const { body } = await importCsv('name,type\nA,plc\n', '?async=true&dry_run=true')
    t.like((await kernel.finished(body.job_id)).result, { dry_run: true, created: 1 })
    t.is((await user.get('/assets?count=true')).body.count, 0)
  }),
)

test(
  'a file that cannot be imported is refused at once, and not kept',
  withPlant(async (t, { kernel, importCsv }) => {
    t.like(await importCsv('name,colour\nA,red\n', '?async=true'), { status: 422, body: { error: 'invalid' } })
    t.deepEqual(await files(kernel), [])
  }),
)

test(
  'an import that was cut short is completed when it is repeated',
  withPlant(async (t, { kernel, importCsv, user }) => {
    const rows = Array.from({ length: 1_500 }, (_, i) => `K-${i},Asset ${i},plc`)
    await importCsv(`key,name,type\n${rows.slice(0, 1_000).join('\n')}\n`)
    const { body } = await importCsv(`key,name,type\n${rows.join('\n')}\n`, '?async=true')
    t.like((await kernel.finished(body.job_id)).result, { created: 500, unchanged: 1000, failed: 0 })
    t.is((await user.get('/assets?count=true&limit=1')).body.count, 1500)
  }),
)

test(
  'a job whose file has been imported says so',
  withPlant(async (t, { kernel }) => {
    const data = { import_id: '01890000-0000-7000-8000-00000000000f', dry_run: false, may_update: true }
    const run = await kernel.job('assets', 'import', data, 'a')
    t.deepEqual(run.result, { skipped: 'the file has been imported already' })
  }),
)

test(
  'files whose import never ended are deleted after a week',
  withPlant(async (t, { kernel }) => {
    const keep = (id: string) =>
      kernel.kernel.runtime.database.knex('asset_imports').insert({
        id,
        tenant_id: kernel.tenantId('a'),
        content: 'name,type\n',
        created_at: kernel.clock.now(),
      })
    await keep('01890000-0000-7000-8000-000000000001')
    kernel.clock.advance(6 * 86_400_000)
    await keep('01890000-0000-7000-8000-000000000002')
    kernel.clock.advance(2 * 86_400_000)
    t.deepEqual((await kernel.job('assets', 'purge-imports', {})).result, { deleted: 1 })
    t.deepEqual(await files(kernel), [{ id: '01890000-0000-7000-8000-000000000002' }])
  }),
)
