import test from 'ava'
import { Client } from '../../../kernel/testing/client.ts'
import { bareKernel, temporaryFolder } from '../testing/bare-kernel.ts'

test('a write that holds the embedded database for long does not make the instance one that is not ready', async t => {
  const kernel = await bareKernel(t, { plugins: [], folder: temporaryFolder(t) })
  await kernel.start()
  const entered = Promise.withResolvers<void>()
  const until = Promise.withResolvers<void>()
  const writing = kernel.runtime.database.transaction(undefined, async trx => {
    await trx('revisions').where('name', 'features').increment('value', 1)
    entered.resolve()
    await until.promise
  })
  await entered.promise
  const answer = await new Client(kernel.app).get('/health/ready')
  t.like(answer, { status: 200, body: { status: 'ok' } })
  until.resolve()
  await writing
  await kernel.stop()
})
