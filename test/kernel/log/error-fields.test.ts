import test from 'ava'
import { errorFields } from '../../../kernel/log/error-fields.ts'

test('name, code, frames and the chain of causes stay', t => {
  const root = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:443'), { code: 'ECONNREFUSED' })
  const fields = errorFields(new TypeError('feed failed', { cause: new Error('page 3', { cause: root }) }))
  t.is(fields.name, 'TypeError')
  t.is(fields.message, 'feed failed')
  t.regex(fields.stack ?? '', /^at .*error-fields\.test\.ts/)
  t.like(fields.cause, { message: 'page 3', cause: { code: 'ECONNREFUSED' } })
})

for (const [message, right] of [
  [
    "insert into `users` (`email`, `password_hash`) values ('a@b.ch', '$2b$12$x - y') - UNIQUE constraint failed: users.email",
    'insert into users: UNIQUE constraint failed: users.email',
  ],
  [
    "select * from [tenants] where [name] = N'Acme' - Invalid object name 'tenants'.",
    "select tenants: Invalid object name 'tenants'.",
  ],
  [
    "Violation of UNIQUE KEY constraint 'uq_users'. The duplicate key value is (a@b.ch).",
    "Violation of UNIQUE KEY constraint 'uq_users'. The duplicate key value is [redacted].",
  ],
  [
    "Conversion failed when converting the nvarchar value 'hunter2' to data type int.",
    'Conversion failed when converting the nvarchar value [redacted] to data type int.',
  ],
  ['update the asset first', 'update the asset first'],
] as const) {
  test(`a query's values are left out: ${right}`, t => {
    t.is(errorFields(new Error(message)).message, right)
  })
}

test('bindings, SQL and values do not come by another way', t => {
  const error = Object.assign(new Error("insert into `t` (`a`) values ('hunter2') - disk full"), {
    bindings: ['hunter2'],
    sql: "insert … 'hunter2'",
  })
  t.false(JSON.stringify(errorFields(new Error('outer', { cause: error }))).includes('hunter2'))
})

test('a cause that is its own cause ends', t => {
  const error = new Error('loop')
  error.cause = error
  t.true(JSON.stringify(errorFields(error)).includes('more causes'))
})

test('the errors of an AggregateError are listed', t => {
  const fields = errorFields(new AggregateError([new Error('one'), 'two'], 'all failed'))
  t.like(fields.errors?.[0], { message: 'one' })
  t.is(fields.errors?.[1], 'two')
})
