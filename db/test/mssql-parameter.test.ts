import test from 'ava'
import { TYPES } from 'tedious'
import { mssqlParameter } from '../dialects/mssql-parameter.ts'

const typeOf = (value: unknown) => mssqlParameter(TYPES, value).type.name

test('each value has the type that loses nothing', t => {
  t.is(typeOf('text'), 'NVarChar')
  t.is(typeOf(null), 'NVarChar')
  t.is(typeOf(true), 'Bit')
  t.is(typeOf(7), 'Int')
  t.is(typeOf(2 ** 31), 'BigInt')
  t.is(typeOf(9_223_372_036_854_775_807n), 'BigInt')
  t.is(typeOf(9.8), 'Float')
  t.is(typeOf(Buffer.from('a')), 'VarBinary')
})

test('times are sent with milliseconds', t => {
  const { type, options } = mssqlParameter(TYPES, new Date())
  t.is(type.name, 'DateTime2')
  t.is(options?.scale, 3)
})

test('short texts share one declared length', t => {
  t.is(mssqlParameter(TYPES, 'a').options?.length, 4000)
  t.is(mssqlParameter(TYPES, 'a'.repeat(4001)).options?.length, undefined)
})

test('what cannot be stored is refused', t => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, { a: 1 }]) {
    t.throws(() => mssqlParameter(TYPES, value), { instanceOf: TypeError })
  }
})
