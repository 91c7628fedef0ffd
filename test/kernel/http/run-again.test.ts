import test from 'ava'
import { z } from 'zod'
import type { Database } from '../../../db/database.ts'
import { newId } from '../../../kernel/contract.ts'
import { runAgainWhenUndone } from '../../../kernel/http/run-again.ts'
import { kernelDatabase } from '../../../kernel/testing/test-database.ts'
import { startTestKernel, type TestKernel } from '../../../kernel/testing/test-kernel.ts'
import { smallPlugin } from '../plugins/small-plugin.ts'

/** What SQL Server tells the victim of a deadlock. */
const DEADLOCK = Object.assign(new Error('chosen as the deadlock victim'), { number: 1205 })

/** A database that, as SQL Server does, has undone what fails with a deadlock. */
async function withDeadlocks(): Promise<Database> {
  const database = await kernelDatabase()
  const isDeadlock = (error: unknown): boolean => error === DEADLOCK
  return { ...database, dialect: { ...database.dialect, isUndone: isDeadlock, isTransient: isDeadlock } }
}

/** A plugin whose writes fail so many times, after everything they do. */
function victim(failures: number) {
  let left = failures
  return smallPlugin('victim', kit => {
    for (const atomic of [true, false]) {
      kit.route(atomic ? 'POST /victim' : 'POST /victim/loose', {
        summary: 's',
        permission: 'signed-in',
        atomic,
        body: z.strictObject({ name: z.string() }),
        returns: z.object({ id: z.string() }),
        async handle({ body }, { call }) {
          const [id, now] = [newId(), call.now()]
          await call.db.transaction(async () => {
            await call.db.table('sites').insert({ id, ...body, created_at: now, updated_at: now })
            call.audit({ action: 'victim.done', resourceType: 'note', resourceId: id })
            left -= 1
            if (left >= 0) throw DEADLOCK
          })
          return { id }
        },
      })
    }
  })
}

const start = async (failures: number): Promise<TestKernel> =>
  startTestKernel({ plugins: [victim(failures)], kernel: { database: await withDeadlocks() } })

async function written(t: TestKernel): Promise<readonly [sites: number, lines: number]> {
  const { knex } = t.kernel.runtime.database
  const lines = await knex('audit_logs').where({ action: 'victim.done' })
  return [(await knex('sites')).length, lines.length]
}

test('a write that was the victim of a deadlock is run again, and leaves its row and its audit line once', async t => {
  await using kernel = await start(2)
  const user = await kernel.as('a')
  const { status } = await user.post('/victim', { name: 'A' }, { 'idempotency-key': 'k' })
  t.is(status, 200)
  t.deepEqual(await written(kernel), [1, 1])
})

test('after the third time it is left to the caller, and nothing is written', async t => {
  await using kernel = await start(3)
  const { status } = await (await kernel.as('a')).post('/victim', { name: 'A' })
  t.is(status, 503)
  t.deepEqual(await written(kernel), [0, 0])
})

test('a write with transactions of its own is not run again', async t => {
  await using kernel = await start(1)
  const { status } = await (await kernel.as('a')).post('/victim/loose', { name: 'A' })
  t.is(status, 503)
  t.deepEqual(await written(kernel), [0, 0])
})

test('what fails for another reason is not run again', async t => {
  const { dialect } = await withDeadlocks().then(async database => {
    await database.close()
    return database
  })
  let runs = 0
  const failing = async (): Promise<never> => {
    runs += 1
    throw new Error('no')
  }
  await t.throwsAsync(runAgainWhenUndone(dialect, failing), { message: 'no' })
  t.is(runs, 1)
})
