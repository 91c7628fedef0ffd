import test from 'ava'
import { mssqlDialect as dialect } from '../dialects/mssql.ts'

const fault = (number: number, message = '') => Object.assign(new Error(message), { number, code: 'EREQUEST' })

test('violated keys are told from violated references', t => {
  t.true(dialect.isUniqueViolation(fault(2627)) && dialect.isUniqueViolation(fault(2601)))
  t.false(dialect.isUniqueViolation(fault(547)))
  t.true(dialect.isForeignKeyViolation(fault(547, 'conflicted with the FOREIGN KEY constraint "x"')))
  t.true(dialect.isForeignKeyViolation(fault(547, 'conflicted with the REFERENCE constraint "x"')))
  t.false(dialect.isForeignKeyViolation(fault(547, 'conflicted with the CHECK constraint "x"')))
})

test('a full database is known', t => {
  for (const number of [1105, 9002, 40544]) t.true(dialect.isStorageFull(fault(number)))
  t.false(dialect.isStorageFull(fault(2627)))
})

test('what passes by itself is known', t => {
  for (const number of [1205, 40197, 40501, 40613, 49918, 49919, 49920]) t.true(dialect.isTransient(fault(number)))
  t.true(dialect.isTransient(Object.assign(new Error('gone'), { code: 'ESOCKET' })))
  t.true(dialect.isTransient(Object.assign(new Error('busy'), { code: 'ELOGIN', isTransient: true })))
  const login = (message: string) => Object.assign(new Error(message), { code: 'ELOGIN' })
  t.true(dialect.isTransient(login('SHUTDOWN is in progress')))
  t.false(dialect.isTransient(login("Login failed for user 'app'.")))
  const state = (message: string) => Object.assign(new Error(message), { code: 'EINVALIDSTATE' })
  t.true(dialect.isTransient(state('Requests can only be made in the LoggedIn state, not the Final state')))
  t.false(
    dialect.isTransient(state('Requests can only be made in the LoggedIn state, not the SentClientRequest state')),
  )
  t.true(dialect.isTransient(new AggregateError([fault(2627), fault(1205)])))
  for (const other of [fault(2627), fault(208), new Error('x'), undefined, 'text']) t.false(dialect.isTransient(other))
})

test('a transaction that is gone as a whole is told from a statement that failed', t => {
  for (const number of [1205, 3960]) t.true(dialect.isUndone(fault(number)))
  for (const number of [40197, 547, 2627]) t.false(dialect.isUndone(fault(number)))
})

test('a value that a column cannot be compared with is known', t => {
  for (const number of [241, 245, 248, 8114, 8169]) t.true(dialect.isUnreadable(fault(number)))
  t.false(dialect.isUnreadable(fault(2627)))
})
