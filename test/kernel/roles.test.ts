import test, { type ExecutionContext } from 'ava'
import type { Role } from '../../config/role.ts'
import type { Database } from '../../db/database.ts'
import type { AnyPlugin } from '../../kernel/contract.ts'
import { kernelDatabase } from '../../kernel/testing/test-database.ts'
import { startTestKernel, type TestKernel } from '../../kernel/testing/test-kernel.ts'
import { SocketRefused, TestSocket } from '../../kernel/testing/test-socket.ts'
import errands, { messenger } from '../faults/role-plugins/errands/plugin.ts'
import { refusal } from './http/echo.ts'
import { bareKernel, temporaryFolder } from './testing/bare-kernel.ts'

const plugins = [errands as unknown as AnyPlugin]

/** A kernel that does part of the work. */
const only = (roles: readonly Role[], database?: Database): Promise<TestKernel> =>
  startTestKernel({
    plugins,
    env: { ERRANDS_BY: roles.join() },
    kernel: { roles, ...(database ? { database } : {}) },
  })

const guestOf = (t: TestKernel) => t.guest(messenger, `errand@${t.tenantId('a')}`)

/** Status of the answer to an upgrade: 101 when a socket opened. */
async function upgrade(t: TestKernel, channel: string, headers: Readonly<Record<string, string>>): Promise<number> {
  try {
    await using _socket = await TestSocket.open(`${await t.socketUrl()}/api/ws/${channel}`, { headers })
    return 101
  } catch (error) {
    if (error instanceof SocketRefused) return error.status
    throw error
  }
}

/** What was done, once a worker has started on this database and done all of it. */
async function doneByWorker(t: ExecutionContext, kernel: TestKernel, database: Database): Promise<string[]> {
  const settings = { ERRANDS_BY: 'worker' }
  const worker = await bareKernel(t, {
    plugins,
    settings,
    database,
    folder: temporaryFolder(t),
    roles: ['worker'],
  })
  await worker.start()
  try {
    const names = async (): Promise<string[]> => {
      const rows: { name: string }[] = await database.knex('sites').select('name').orderBy('name')
      return rows.map(({ name }) => name)
    }
    while ((await names()).length < 2) {
      worker.runtime.scheduler.nudge()
      await worker.runtime.delivery.settle()
    }
    await kernel.settled()
    return await names()
  } finally {
    await worker.stop()
  }
}

/** A database that outlives the kernels on it. */
async function sharedDatabase(t: ExecutionContext): Promise<Database> {
  const database = await kernelDatabase()
  t.teardown(() => database.close())
  return { ...database, close: async () => undefined }
}

test.serial('an ingest process serves guests and what is for the edge, and nothing else', async t => {
  await using kernel = await only(['ingest'])
  t.is((await guestOf(kernel).post('/v1/errands', { name: 'bread' })).status, 202)
  t.is((await kernel.anonymous.get('/errands/ping')).status, 200)
  t.is((await kernel.anonymous.get('/health/ready')).status, 200)
  t.is((await kernel.anonymous.get('/health/live')).status, 200)
  t.is(refusal(await kernel.anonymous.post('/v1/errands', { name: 'bread' })), '401 unauthenticated')
  const others = [
    '/errands',
    '/errands/about',
    '/me',
    '/internal/jobs/1',
    '/openapi.json',
    '/asyncapi.json',
    '/docs',
    '/api/ws/errands',
    '/x',
  ]
  for (const path of others) {
    const answer = await kernel.internal.get(path, { authorization: 'Bearer nonsense' })
    t.is(refusal(answer), '404 not_found', path)
    t.regex(answer.body.detail, /this process only serves devices \(its role is ingest\)/)
  }
  t.is(refusal(await kernel.anonymous.post('/auth/login', {})), '404 not_found')
})

test.serial('an ingest process takes sockets of guests and no others', async t => {
  await using kernel = await only(['ingest'])
  t.is(await upgrade(kernel, 'desk', guestOf(kernel).headers), 101)
  t.is(await upgrade(kernel, 'desk', {}), 401)
  t.is(await upgrade(kernel, 'errands', guestOf(kernel).headers), 404)
  t.is(await upgrade(kernel, 'jobs', {}), 404)
})

test.serial('a worker serves its health and nothing else', async t => {
  await using kernel = await only(['worker'])
  t.is((await kernel.anonymous.get('/health/ready')).status, 200)
  for (const answer of [
    await guestOf(kernel).post('/v1/errands', { name: 'bread' }),
    await kernel.anonymous.get('/errands/ping'),
    await kernel.anonymous.get('/docs'),
    await kernel.anonymous.get('/api/ws/desk'),
  ]) {
    t.is(refusal(answer), '404 not_found')
    t.regex(answer.body.detail, /only runs jobs and delivers events \(its role is worker\)/)
  }
  t.is(await upgrade(kernel, 'desk', guestOf(kernel).headers), 404)
})

test.serial('an api process serves everything', async t => {
  await using kernel = await only(['api'])
  const user = await kernel.as('a')
  t.is((await guestOf(kernel).post('/v1/errands', { name: 'bread' })).status, 202)
  for (const path of ['/errands', '/errands/ping', '/errands/about', '/openapi.json', '/docs', '/health/ready']) {
    t.is((await user.get(path)).status, 200, path)
  }
  t.is(await upgrade(kernel, 'errands', user.headers), 101)
  t.is(await upgrade(kernel, 'desk', guestOf(kernel).headers), 101)
})

for (const role of ['api', 'ingest'] as const) {
  test.serial(`what is queued at an ${role} process waits for a worker, which does it`, async t => {
    const database = await sharedDatabase(t)
    await using kernel = await only([role], database)
    const { job_id } = (await guestOf(kernel).post('/v1/errands', { name: 'bread' })).body
    t.like(await kernel.kernel.runtime.scheduler.runs.findAny(job_id), { status: 'queued', attempts: 0 })
    t.deepEqual(await doneByWorker(t, kernel, database), ['bread: event by worker', 'bread: job by worker'])
    t.like(await kernel.kernel.runtime.scheduler.runs.findAny(job_id), { status: 'succeeded', attempts: 1 })
  })
}

test.serial('roles go together', async t => {
  await using kernel = await only(['ingest', 'worker'])
  await guestOf(kernel).post('/v1/errands', { name: 'bread' })
  await kernel.settled()
  const rows: { name: string }[] = await kernel.kernel.runtime.database.knex('sites').select('name').orderBy('name')
  t.deepEqual(
    rows.map(({ name }) => name),
    ['bread: event by ingest,worker', 'bread: job by ingest,worker'],
  )
  t.is(refusal(await kernel.anonymous.get('/errands')), '404 not_found')
})
