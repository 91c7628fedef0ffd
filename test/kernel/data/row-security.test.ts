import test from 'ava'
import type { Database } from '../../../db/database.ts'
import { requireRowSecurity } from '../../../kernel/data/row-security.ts'
import { StartFault } from '../../../kernel/start-fault.ts'
import { memoryLog } from '../jobs/memory-log.ts'

const engine = (secured: boolean) => ({ rowSecurity: async () => secured }) as Database

test('in production an engine without security policies is refused, with what to use instead', async t => {
  const error = await t.throwsAsync(requireRowSecurity(engine(false), true, memoryLog()), { instanceOf: StartFault })
  t.regex(error.message, /no security policies.* Azure SQL or SQL Server/s)
})

test('elsewhere it is taken, with a warning', async t => {
  const lines: string[] = []
  await requireRowSecurity(engine(false), false, memoryLog(lines))
  t.is(lines.length, 1)
  t.regex(String(lines[0]), /row-level security is left out/)
})

test('an engine that has them, and SQLite, are taken in silence', async t => {
  const lines: string[] = []
  await requireRowSecurity(engine(true), true, memoryLog(lines))
  await requireRowSecurity({} as Database, true, memoryLog(lines))
  t.deepEqual(lines, [])
})
