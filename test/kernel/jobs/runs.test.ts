import test from 'ava'
import { RunUpkeep } from '../../../kernel/jobs/run-upkeep.ts'
import { JobRuns, type NewRun } from '../../../kernel/jobs/runs.ts'
import { addTenant, emptyDatabase } from './job-database.ts'

const start = Date.parse('2026-01-01T00:00:00.000Z')

async function setUp(t: Parameters<typeof emptyDatabase>[0]) {
  const database = await emptyDatabase(t)
  const clock = { ms: start }
  const now = (): Date => new Date(clock.ms)
  const runs = new JobRuns(database, now)
  const upkeep = new RunUpkeep(database, now)
  const enqueue = (run: Partial<NewRun> = {}): Promise<string> =>
    database.transaction(run.tenantId, trx =>
      runs.enqueue(trx, { plugin: 'assets', name: 'import', data: {}, maxAttempts: 2, ...run }),
    )
  const claimed = async (run: Partial<NewRun> = {}) => {
    const found = await runs.claim(await enqueue(run))
    if (!found) throw new Error('not claimed')
    return found
  }
  return { database, clock, runs, upkeep, enqueue, claimed }
}

test('a run is queued with the caller’s transaction, or not at all', async t => {
  const { database, runs, enqueue } = await setUp(t)
  let id = ''
  const work = database.transaction(undefined, async trx => {
    id = await runs.enqueue(trx, { plugin: 'assets', name: 'import', data: {}, maxAttempts: 1 })
    throw new Error('roll back')
  })
  await t.throwsAsync(work, { message: 'roll back' })
  t.is(await runs.findAny(id), undefined)
  const kept = await enqueue({ data: { file: 'a.csv' }, createdBy: 'user-1' })
  t.like(await runs.findAny(kept), {
    status: 'queued',
    data: { file: 'a.csv' },
    createdBy: 'user-1',
    attempts: 0,
    createdAt: '2026-01-01T00:00:00.000Z',
  })
})

test('under a unique key one run is queued at a time, for each tenant', async t => {
  const { database, runs, enqueue } = await setUp(t)
  const tenantId = await addTenant(database)
  const first = await enqueue({ unique: 'all' })
  t.is(await enqueue({ unique: 'all' }), first)
  t.not(await enqueue({ unique: 'other' }), first)
  t.not(await enqueue({ unique: 'all', tenantId }), first)
  t.not(await enqueue({ unique: 'all', name: 'export' }), first)
  await runs.claim(first)
  const second = await enqueue({ unique: 'all' })
  t.not(second, first, 'a running run has read its input already')
  await runs.cancel(second)
  t.not(await enqueue({ unique: 'all' }), second)
})

test('a run is claimed once, and not before its time', async t => {
  const { clock, runs, enqueue } = await setUp(t)
  const id = await enqueue({ runAfter: new Date(start + 1000) })
  t.is(await runs.claim(id), undefined)
  clock.ms += 1000
  const claims = await Promise.all([runs.claim(id), runs.claim(id), runs.claim(id)])
  t.is(claims.filter(Boolean).length, 1)
  t.like(await runs.findAny(id), { status: 'running', attempts: 1, startedAt: '2026-01-01T00:00:01.000Z' })
})

test('a failed attempt counts, an interrupted one does not', async t => {
  const { clock, runs, claimed } = await setUp(t)
  const run = await claimed()
  t.true(await runs.requeue(run))
  t.like(await runs.findAny(run.id), { status: 'queued', attempts: 0, error: null })
  const again = await runs.claim(run.id)
  t.is(again?.attempts, 1)
  t.true(await runs.requeue(run, { runAfter: new Date(start + 500), error: 'no connection' }))
  t.like(await runs.findAny(run.id), { status: 'queued', attempts: 1, error: 'no connection' })
  clock.ms += 500
  t.is((await runs.claim(run.id))?.attempts, 2)
})

test('an older attempt can no longer write', async t => {
  const { runs, claimed } = await setUp(t)
  const old = await claimed()
  await runs.requeue(old, { runAfter: new Date(start), error: 'stuck' })
  const current = await runs.claim(old.id)
  t.false(await runs.progress(old, { done: 1 }))
  t.false(await runs.succeed(old, 'old', undefined))
  t.false(await runs.fail(old, 'old', undefined))
  t.false(await runs.requeue(old, { runAfter: new Date(start), error: 'old' }))
  t.deepEqual(await runs.beat([old]), [old])
  t.like(await runs.findAny(old.id), { status: 'running', attempts: 2, progress: null, error: 'stuck' })
  t.true(await runs.succeed(current ?? old, { rows: 3 }, { done: 3, total: 3 }))
  t.like(await runs.findAny(old.id), {
    status: 'succeeded',
    result: { rows: 3 },
    progress: { done: 3, total: 3 },
    error: null,
    finishedAt: '2026-01-01T00:00:00.000Z',
  })
})

test('what a run says is bounded', async t => {
  const { runs, enqueue, claimed } = await setUp(t)
  await t.throwsAsync(enqueue({ data: 'x'.repeat(300_000) }), { instanceOf: RangeError })
  const long = await claimed()
  await runs.progress(long, { done: 1, message: 'x'.repeat(10_000) })
  t.is((await runs.findAny(long.id))?.progress?.message?.length, 500)
  await runs.succeed(long, 'x'.repeat(100_000), undefined)
  t.deepEqual((await runs.findAny(long.id))?.result, { truncated: true, bytes: 100_002 })
  const failing = await claimed()
  await runs.fail(failing, 'x'.repeat(10_000), undefined)
  t.is((await runs.findAny(failing.id))?.error?.length, 2000)
})

test('a run that does not move is taken over until its attempts are used up, one that moved is not', async t => {
  const { clock, runs, upkeep, claimed } = await setUp(t)
  const run = await claimed()
  const [before] = await upkeep.running()
  t.like(before, { id: run.id, attempts: 1, heartbeatAt: new Date(clock.ms) })
  if (!before) return
  clock.ms += 29_000
  await runs.beat([run])
  t.is(await upkeep.takeOver(before), undefined)
  const [after] = await upkeep.running()
  t.is(await upkeep.takeOver(after ?? before), 'queued')
  t.is(await upkeep.takeOver(after ?? before), undefined)
  await runs.claim(run.id)
  const [last] = await upkeep.running()
  t.is(await upkeep.takeOver(last ?? before), 'failed')
  t.like(await runs.findAny(run.id), { status: 'failed', attempts: 2, error: 'the process that ran it ended' })
})

test('what was due when it was made is due, however far the clock was set back since', async t => {
  const { clock, runs, enqueue } = await setUp(t)
  const [due, later] = [await enqueue(), await enqueue({ runAfter: new Date(clock.ms + 1) })]
  clock.ms -= 2 * 60 * 60_000
  t.is(await runs.claim(later), undefined)
  t.is((await runs.claim(due))?.id, due)
  await runs.requeue({ id: due, attempts: 1 })
  t.is((await runs.claim(due))?.id, due)
})

test('a tenant sees its own runs only, newest first, page by page', async t => {
  const { database, clock, runs, enqueue } = await setUp(t)
  const [mine, theirs] = [await addTenant(database), await addTenant(database)]
  const ids: string[] = []
  for (let n = 0; n < 5; n++) {
    ids.unshift(await enqueue({ tenantId: mine, name: n === 0 ? 'export' : 'import' }))
    if (n % 2) clock.ms += 1
  }
  const other = await enqueue({ tenantId: theirs })
  const platform = await enqueue()
  t.is(await runs.find(other, mine), undefined)
  t.is(await runs.find(other, null), undefined)
  t.is((await runs.find(platform, null))?.id, platform)
  t.is((await runs.find(other, theirs))?.id, other)
  const first = await runs.list(mine, { limit: 2 })
  const second = await runs.list(mine, { limit: 5, before: first.at(-1) })
  t.deepEqual(
    [...first, ...second].map(run => run.id),
    ids,
  )
  t.deepEqual(
    (await runs.list(mine, { name: 'export' })).map(run => run.id),
    ids.slice(-1),
  )
  t.deepEqual(
    (await runs.list(null)).map(run => run.id),
    [platform],
  )
})

test('a finished run is not cancelled', async t => {
  const { runs, enqueue, claimed } = await setUp(t)
  const queued = await enqueue()
  t.true(await runs.cancel(queued))
  t.is(await runs.claim(queued), undefined)
  const running = await claimed()
  t.true(await runs.cancel(running.id))
  t.deepEqual(await runs.beat([running]), [running])
  const done = await claimed()
  await runs.succeed(done, null, undefined)
  t.false(await runs.cancel(done.id))
})

test('finished runs are deleted when they are old, unfinished ones never', async t => {
  const { clock, runs, upkeep, enqueue, claimed } = await setUp(t)
  const old = await claimed()
  await runs.succeed(old, null, undefined)
  const waiting = await enqueue()
  clock.ms += 1000
  const fresh = await claimed()
  await runs.succeed(fresh, null, undefined)
  t.is(await upkeep.prune(new Date(start + 500)), 1)
  t.is(await runs.findAny(old.id), undefined)
  t.truthy(await runs.findAny(waiting))
  t.truthy(await runs.findAny(fresh.id))
})
