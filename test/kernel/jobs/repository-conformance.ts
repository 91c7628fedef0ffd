import type { JobParameters, JobRepository } from 'agenda'
import type { ExecutionContext } from 'ava'
import { TicketGone } from '../../../kernel/jobs/ticket-gone.ts'
import { testsOnServer } from '../../../kernel/testing/test-database.ts'

/** Registers a test that gets an empty repository, which lives as long as the test. */
export type OnRepository = (
  title: string,
  run: (t: ExecutionContext, repository: JobRepository) => Promise<void>,
) => void

const MINUTE = 60_000
const ago = (ms: number): Date => new Date(Date.now() - ms)
const inFuture = (ms: number): Date => new Date(Date.now() + ms)

const job = (changes: Partial<JobParameters> = {}): JobParameters => ({
  name: 'job',
  priority: 0,
  type: 'normal',
  nextRunAt: ago(MINUTE),
  data: {},
  ...changes,
})

/** Locks the next due job of a name as Agenda's processor does, with a lock that lasts ten minutes. */
const claim = (repository: JobRepository, name: string): Promise<JobParameters | undefined> =>
  repository.getNextJobToRun(name, inFuture(5_000), ago(10 * MINUTE), undefined, { lastModifiedBy: 'tester' })

const idOf = ({ _id }: JobParameters): string => String(_id)

/** What Agenda expects of any store of jobs. */
export function repositoryConformance(behaves: OnRepository): void {
  behaves('a saved job comes back with every attribute', async (t, repository) => {
    const given = job({
      priority: 10,
      nextRunAt: inFuture(MINUTE),
      data: { text: 'a "quoted" ü', list: [1, null, true], nested: { a: 1 } },
      repeatInterval: '5 minutes',
      repeatTimezone: 'Europe/Vienna',
      startDate: ago(MINUTE),
      endDate: inFuture(10 * MINUTE),
      skipDays: [0, 6],
      disabled: true,
    })
    const saved = await repository.saveJob(given, { lastModifiedBy: 'me' })
    t.truthy(saved._id)
    const stored = await repository.getJobById(idOf(saved))
    t.like(stored, { ...given, lastModifiedBy: 'me' })
    t.is(stored?.lockedAt, undefined)
  })

  behaves('an interval in milliseconds stays a number', async (t, repository) => {
    const saved = await repository.saveJob(job({ repeatInterval: 5000 }), undefined)
    t.is((await repository.getJobById(idOf(saved)))?.repeatInterval, 5000)
  })

  behaves('an unknown or impossible id is no job', async (t, repository) => {
    const saved = await repository.saveJob(job(), undefined)
    await repository.removeJobs({ id: idOf(saved) })
    t.is(await repository.getJobById(idOf(saved)), null)
    t.deepEqual(await repository.queryJobs({ id: 'no id at all' }), { jobs: [], total: 0 })
    t.is(await repository.removeJobs({ id: 'no id at all' }), 0)
  })

  behaves('saving a job with an id changes what is given and keeps the rest', async (t, repository) => {
    const saved = await repository.saveJob(job({ data: { version: 1 } }), undefined)
    await repository.saveJobState({ ...saved, failCount: 2, failReason: 'broken' }, undefined)
    const { name, type, priority, nextRunAt } = saved
    const again = { _id: saved._id, name, type, priority: priority + 1, nextRunAt, data: { version: 2 } }
    t.like(await repository.saveJob(again as JobParameters, undefined), { _id: saved._id, priority: 1, failCount: 2 })
    t.like(await repository.getJobById(idOf(saved)), { data: { version: 2 }, failReason: 'broken' })
  })

  behaves('saving a job that was removed answers it unchanged and does not bring it back', async (t, repository) => {
    const saved = await repository.saveJob(job(), undefined)
    await repository.removeJobs({ id: idOf(saved) })
    t.is(idOf(await repository.saveJob(saved, undefined)), idOf(saved))
    t.is((await repository.queryJobs()).total, 0)
  })

  behaves('there is one single job of a name, whoever saves it', async (t, repository) => {
    const at = inFuture(MINUTE)
    const first = await repository.saveJob(job({ type: 'single', nextRunAt: at, data: { run: 1 } }), undefined)
    const others = await Promise.all(
      [2, 3, 4].map(run => repository.saveJob(job({ type: 'single', nextRunAt: at, data: { run } }), undefined)),
    )
    t.deepEqual([...new Set(others.map(idOf))], [idOf(first)])
    t.is((await repository.queryJobs({ name: 'job' })).total, 1)
  })

  behaves('a single job that is due when saved again keeps its next run', async (t, repository) => {
    const later = inFuture(10 * MINUTE)
    await repository.saveJob(job({ type: 'single', nextRunAt: later }), undefined)
    const kept = await repository.saveJob(job({ type: 'single', nextRunAt: ago(1), priority: 5 }), undefined)
    t.deepEqual(kept.nextRunAt, later)
    t.is(kept.priority, 5)
    const sooner = inFuture(MINUTE)
    t.deepEqual((await repository.saveJob(job({ type: 'single', nextRunAt: sooner }), undefined)).nextRunAt, sooner)
  })

  behaves('a unique job is updated, or with insertOnly kept', async (t, repository) => {
    const unique = { 'data.user': 'a' }
    const first = await repository.saveJob(job({ unique, data: { user: 'a', n: 1 } }), undefined)
    const second = await repository.saveJob(job({ unique, data: { user: 'a', n: 2 } }), undefined)
    const uniqueOpts = { insertOnly: true }
    const third = await repository.saveJob(job({ unique, uniqueOpts, data: { user: 'a', n: 3 } }), undefined)
    t.deepEqual([idOf(second), idOf(third)], [idOf(first), idOf(first)])
    t.deepEqual(third.data, { user: 'a', n: 2 })
    const other = await repository.saveJob(job({ unique: { 'data.user': 'b' }, data: { user: 'b' } }), undefined)
    t.not(idOf(other), idOf(first))
  })

  behaves('a trailing debounce moves the run back until maxWait has passed', async (t, repository) => {
    const save = (maxWait: number): Promise<JobParameters> =>
      repository.saveJob(
        job({ unique: { 'data.k': 1 }, uniqueOpts: { debounce: { delay: MINUTE, maxWait } }, data: { k: 1 } }),
        undefined,
      )
    const first = await save(MINUTE)
    t.true(Number(first.nextRunAt) > Date.now() + MINUTE / 2)
    t.truthy(first.debounceStartedAt)
    await new Promise(resolve => setTimeout(resolve, 5))
    const second = await save(MINUTE)
    t.true(Number(second.nextRunAt) > Number(first.nextRunAt))
    t.deepEqual(second.debounceStartedAt, first.debounceStartedAt)
    const forced = await save(1)
    t.true(Number(forced.nextRunAt) <= Date.now())
    t.is(forced.debounceStartedAt, undefined)
  })

  behaves('a leading debounce keeps the first run and takes the newest data', async (t, repository) => {
    const save = (n: number, nextRunAt: Date): Promise<JobParameters> => {
      const uniqueOpts = { debounce: { delay: MINUTE, strategy: 'leading' as const } }
      return repository.saveJob(job({ unique: { 'data.k': 1 }, uniqueOpts, nextRunAt, data: { k: 1, n } }), undefined)
    }
    const first = await save(1, ago(1_000))
    const second = await save(2, inFuture(MINUTE))
    t.deepEqual(second.nextRunAt, first.nextRunAt)
    t.deepEqual(second.data, { k: 1, n: 2 })
  })

  behaves('jobs are found by name, names, search, data and id', async (t, repository) => {
    const a = await repository.saveJob(job({ name: 'feed_sync', data: { tenant: 'a', n: 1 } }), undefined)
    const b = await repository.saveJob(job({ name: 'feedXsync', data: { tenant: 'a', n: 2 } }), undefined)
    const c = await repository.saveJob(job({ name: 'match', data: { tenant: 'b', deep: { on: true } } }), undefined)
    const found = async (query: Parameters<JobRepository['queryJobs']>[0]): Promise<string[]> =>
      (await repository.queryJobs(query)).jobs.map(idOf).sort()
    const ids = (...jobs: JobParameters[]): string[] => jobs.map(idOf).sort()
    t.deepEqual(await found({ name: 'match' }), ids(c))
    t.deepEqual(await found({ names: ['match', 'feed_sync'] }), ids(a, c))
    t.deepEqual(await found({ search: 'FEED_' }), ids(a), '_ is no wildcard, and case does not matter')
    t.deepEqual(await found({ data: { tenant: 'a' } }), ids(a, b))
    t.deepEqual(await found({ data: { tenant: 'a', n: 2 } }), ids(b))
    t.deepEqual(await found({ data: { n: '2' } }), [], 'a number is not its text')
    t.deepEqual(await found({ data: { deep: { on: true } } }), ids(c))
    t.deepEqual(await found({ ids: [idOf(a), idOf(c)] }), ids(a, c))
  })

  behaves('the state of a job follows from its times', async (t, repository) => {
    const save = (name: string, changes: Partial<JobParameters>): Promise<JobParameters> =>
      repository.saveJob(job({ name, nextRunAt: null, ...changes }), undefined)
    const [early, late] = [ago(2 * MINUTE), ago(MINUTE)]
    await save('running', { lockedAt: late, failedAt: late })
    await save('failed', { failedAt: late, lastFinishedAt: late, repeatInterval: '1 hour' })
    await save('repeating', { failedAt: early, lastFinishedAt: late, repeatInterval: '1 hour' })
    await save('scheduled', { nextRunAt: inFuture(MINUTE) })
    await save('queued', { nextRunAt: late })
    await save('completed', { lastFinishedAt: late, failedAt: early })
    const { jobs } = await repository.queryJobs()
    t.is(jobs.length, 6)
    for (const { name, state } of jobs) t.is(state, name as typeof state)
    await repository.disableJobs({ name: 'queued' })
    t.deepEqual(
      (await repository.queryJobs({ state: 'paused' })).jobs.map(found => found.name),
      ['queued'],
    )
    t.deepEqual(
      (await repository.queryJobs({ state: 'running' })).jobs.map(found => found.name),
      ['running'],
    )
    const overview = await repository.getJobsOverview()
    t.like(
      overview.find(one => one.name === 'queued'),
      { total: 1, queued: 1, paused: 1, running: 0 },
    )
    t.like(
      overview.find(one => one.name === 'failed'),
      { total: 1, failed: 1, paused: 0 },
    )
  })

  behaves('lists are sorted, and paged after filtering', async (t, repository) => {
    for (const [n, nextRunAt] of [inFuture(1), null, inFuture(3), inFuture(2)].entries()) {
      await repository.saveJob(job({ nextRunAt, priority: n }), undefined)
    }
    const order = async (options: Parameters<JobRepository['queryJobs']>[0]): Promise<number[]> =>
      (await repository.queryJobs(options)).jobs.map(found => found.priority)
    t.deepEqual(await order({}), [2, 3, 0, 1])
    t.deepEqual(
      (await order({ sort: { nextRunAt: 'asc' } })).filter(n => n !== 1),
      [0, 3, 2],
      'of no time: anywhere',
    )
    t.deepEqual(await order({ sort: { priority: 'desc' }, skip: 1, limit: 2 }), [2, 1])
    t.deepEqual(await order({ sort: { priority: 'asc' }, skip: 3 }), [3])
    t.is((await repository.queryJobs({ state: 'completed', limit: 5 })).total, 1)
    t.is((await repository.queryJobs({ limit: 1 })).total, 4)
  })

  behaves('jobs are removed by what is asked, and by nothing nothing is removed', async (t, repository) => {
    for (const name of ['a', 'a', 'b', 'c', 'd']) await repository.saveJob(job({ name, data: { name } }), undefined)
    t.is(await repository.removeJobs({}), 0)
    t.is(await repository.removeJobs({ ids: [] }), 0)
    t.is(await repository.removeJobs({ data: {} }), 0)
    t.is(await repository.removeJobs({ name: 'a', data: { name: 'b' } }), 0)
    t.is(await repository.removeJobs({ names: ['a'] }), 2)
    t.is(await repository.removeJobs({ data: { name: 'b' } }), 1)
    t.is(await repository.removeJobs({ notNames: ['c'] }), 1)
    t.deepEqual(await repository.getDistinctJobNames(), ['c'])
    t.is(await repository.purgeAllJobs(), 1)
    t.deepEqual(await repository.getDistinctJobNames(), [])
  })

  behaves('the size of the queue counts what is due', async (t, repository) => {
    t.is(await repository.getQueueSize(), 0)
    for (const nextRunAt of [ago(2), ago(MINUTE), inFuture(MINUTE), null]) {
      await repository.saveJob(job({ nextRunAt }), undefined)
    }
    t.is(await repository.getQueueSize(), 2)
  })

  behaves('a job is locked once, and not when it has changed since', async (t, repository) => {
    const saved = await repository.saveJob(job(), undefined)
    t.is(await repository.lockJob({ ...saved, nextRunAt: inFuture(MINUTE) }, undefined), undefined)
    t.truthy((await repository.lockJob(saved, { lastModifiedBy: 'me' }))?.lockedAt)
    t.is(await repository.lockJob(saved, undefined), undefined)
    await repository.unlockJob(saved)
    t.truthy(await repository.lockJob(saved, undefined))
  })

  behaves('unlockJob leaves a job that is being processed locked, unlockJobs does not', async (t, repository) => {
    const saved = await repository.saveJob(job(), undefined)
    const locked = await claim(repository, 'job')
    await repository.saveJobState({ ...(locked as JobParameters), nextRunAt: null }, undefined)
    await repository.unlockJob(saved)
    t.truthy((await repository.getJobById(idOf(saved)))?.lockedAt)
    await repository.unlockJobs([idOf(saved)])
    t.is((await repository.getJobById(idOf(saved)))?.lockedAt, undefined)
    await repository.unlockJobs([])
  })

  behaves('the next job is the one due first, then the one of higher priority', async (t, repository) => {
    const at = ago(MINUTE)
    const low = await repository.saveJob(job({ nextRunAt: at, priority: 1 }), undefined)
    const high = await repository.saveJob(job({ nextRunAt: at, priority: 2 }), undefined)
    const first = await repository.saveJob(job({ nextRunAt: ago(2 * MINUTE), priority: -5 }), undefined)
    await repository.saveJob(job({ nextRunAt: inFuture(MINUTE) }), undefined)
    await repository.saveJob(job({ disabled: true }), undefined)
    await repository.saveJob(job({ name: 'other' }), undefined)
    const order: (string | undefined)[] = []
    for (let n = 0; n < 4; n++) order.push((await claim(repository, 'job'))?._id)
    t.deepEqual(order, [idOf(first), idOf(high), idOf(low), undefined])
    t.like(await repository.getJobById(idOf(high)), { lastModifiedBy: 'tester' })
    await repository.enableJobs({ name: 'job' })
    t.truthy(await claim(repository, 'job'))
  })

  behaves('a lock that is too old is taken over', async (t, repository) => {
    const saved = await repository.saveJob(job(), undefined)
    const locked = (await claim(repository, 'job')) as JobParameters
    t.is(await claim(repository, 'job'), undefined)
    await repository.saveJobState({ ...locked, nextRunAt: null, lockedAt: ago(11 * MINUTE) }, undefined)
    t.is((await claim(repository, 'job'))?._id, saved._id)
  })

  behaves('the state of a run is saved, and nothing else', async (t, repository) => {
    const saved = await repository.saveJob(job({ data: { kept: true } }), undefined)
    const locked = (await claim(repository, 'job')) as JobParameters
    const [lastRunAt, failedAt] = [ago(10), ago(5)]
    const { lockedAt: _, ...unlocked } = locked
    const state = { ...unlocked, nextRunAt: null, lastRunAt, failedAt, failCount: 1, failReason: 'x', progress: 40 }
    await repository.saveJobState({ ...state, data: { kept: false } }, undefined)
    const stored = await repository.getJobById(idOf(saved))
    t.like(stored, { nextRunAt: null, lastRunAt, failedAt, failCount: 1, failReason: 'x', progress: 40 })
    t.is(stored?.lockedAt, undefined)
    t.deepEqual(stored?.data, { kept: true })
  })

  behaves('the state of a job that is gone cannot be saved', async (t, repository) => {
    const saved = await repository.saveJob(job(), undefined)
    await repository.removeJobs({ id: idOf(saved) })
    await t.throwsAsync(repository.saveJobState(saved, undefined), { instanceOf: TicketGone })
  })
}

/** What makes a lock one: only for a store that finds and changes in one step. */
export function lockConformance(behaves: OnRepository): void {
  behaves('of many that ask at once, each job goes to one', async (t, repository) => {
    for (let n = 0; n < 10; n++) await repository.saveJob(job(), undefined)
    const names = ['job', 'other', 'third']
    const asked = Array.from({ length: 30 }, (_, n) => claim(repository, names[n % 3] ?? ''))
    const claimed = (await Promise.all(asked)).filter(found => found !== undefined)
    if (testsOnServer) {
      // An engine without row locks lets two see the same job; who is second gets none, and asks again.
      for (let last = await claim(repository, 'job'); last; last = await claim(repository, 'job')) claimed.push(last)
    }
    t.is(claimed.length, 10)
    t.is(new Set(claimed.map(idOf)).size, 10)
  })
}
