import test from 'ava'
import { mssqlDialect as dialect } from '../../../db/dialects/mssql.ts'
import { waitForDatabase } from '../../../kernel/health/wait-for-database.ts'
import { memoryLog } from '../jobs/memory-log.ts'

const fault = (code: string, message: string) => Object.assign(new Error(message), { code })
const failing = (error: Error) => ({ dialect, ping: () => Promise.reject(error) })

test('a database that is there is not waited for', async t => {
  let pings = 0
  await waitForDatabase({ dialect, ping: async () => void pings++ }, memoryLog(), () => false)
  t.is(pings, 1)
})

test('one that comes up meanwhile is found', async t => {
  let pings = 0
  const ping = async (): Promise<void> => {
    pings += 1
    if (pings === 1) throw fault('ESOCKET', 'connection refused')
  }
  await waitForDatabase({ dialect, ping }, memoryLog(), () => false)
  t.is(pings, 2)
})

test('one that never comes, one that refuses, and a stop meanwhile end the wait with what to look at', async t => {
  const refused = failing(fault('ELOGIN', "Login failed for user 'app'."))
  const gone = failing(fault('ESOCKET', 'connection refused'))
  const message = /the database does not answer: .* Check that it runs/
  await t.throwsAsync(
    waitForDatabase(refused, memoryLog(), () => false),
    { name: 'StartFault', message },
  )
  await t.throwsAsync(
    waitForDatabase(gone, memoryLog(), () => false, 0),
    { name: 'StartFault', message },
  )
  await t.throwsAsync(
    waitForDatabase(gone, memoryLog(), () => true),
    { name: 'StartFault', message },
  )
})
