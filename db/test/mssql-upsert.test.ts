import test from 'ava'
import { mssqlDialect } from '../dialects/mssql.ts'
import { mssqlUpsert, mssqlUpsertOfValues } from '../dialects/mssql-upsert.ts'
import { recordingServer } from './recording-server.ts'

const rows = [
  { cve_id: 'CVE-2024-1', score: 9.8, kev: true, seq: 1, published: new Date(0) },
  { cve_id: 'CVE-2024-2', score: 5, kev: false, seq: 2n, published: null },
]

test('updates the known and inserts the others, with locks, from one JSON parameter', t => {
  const { sql, json } = mssqlUpsert('cve_catalog', rows, ['cve_id'], ['score', 'kev'])
  const source =
    'OPENJSON(@rows) WITH ([cve_id] nvarchar(400), [score] float, [kev] bit, [seq] bigint, [published] nvarchar(max)) AS source'
  t.is(
    sql,
    'DECLARE @rows nvarchar(max) = ?; ' +
      'UPDATE target SET [score] = source.[score], [kev] = source.[kev] ' +
      'FROM [cve_catalog] AS target WITH (UPDLOCK, SERIALIZABLE) ' +
      `INNER JOIN ${source} ON target.[cve_id] = source.[cve_id]; ` +
      'INSERT INTO [cve_catalog] ([cve_id], [score], [kev], [seq], [published]) ' +
      'SELECT source.[cve_id], source.[score], source.[kev], source.[seq], source.[published] ' +
      `FROM ${source} WHERE NOT EXISTS (SELECT 1 FROM [cve_catalog] AS target WITH (UPDLOCK, SERIALIZABLE) ` +
      'WHERE target.[cve_id] = source.[cve_id])',
  )
  t.deepEqual(JSON.parse(json), [
    { cve_id: 'CVE-2024-1', score: 9.8, kev: true, seq: 1, published: '1970-01-01T00:00:00.000Z' },
    { cve_id: 'CVE-2024-2', score: 5, kev: false, seq: '2', published: null },
  ])
})

test('keeps the old row when nothing is to be updated', t => {
  t.notRegex(mssqlUpsert('t', rows, ['cve_id'], []).sql, /UPDATE target/)
})

test('of rows with one key the last is written, or the first when old rows are kept', t => {
  const twice = [
    { id: 'a', n: 1 },
    { id: 'a', n: 2 },
  ]
  t.deepEqual(JSON.parse(mssqlUpsert('t', twice, ['id'], ['n']).json), [{ id: 'a', n: 2 }])
  t.deepEqual(JSON.parse(mssqlUpsert('t', twice, ['id'], []).json), [{ id: 'a', n: 1 }])
})

test('rows with a null in their key are all written: a null is like nothing else', t => {
  const unnamed = [
    { device: 'a', event: null, n: 1 },
    { device: 'a', event: null, n: 2 },
  ]
  t.deepEqual(JSON.parse(mssqlUpsert('t', unnamed, ['device', 'event'], []).json), unnamed)
})

test('an engine that reads JSON badly gets each value as text, once', t => {
  const { sql, values } = mssqlUpsertOfValues('t', rows.slice(0, 1), ['cve_id'], ['score'])
  const source = (places: string) =>
    '(SELECT CAST(row.[cve_id] AS nvarchar(400)) AS [cve_id], CAST(row.[score] AS float) AS [score], ' +
    'CAST(row.[kev] AS bit) AS [kev], CAST(row.[seq] AS bigint) AS [seq], ' +
    'CAST(row.[published] AS nvarchar(max)) AS [published] ' +
    `FROM (VALUES (${places})) AS row ([cve_id], [score], [kev], [seq], [published])) AS source`
  t.is(
    sql,
    'UPDATE target SET [score] = source.[score] FROM [t] AS target WITH (UPDLOCK, SERIALIZABLE) ' +
      `INNER JOIN ${source('?, ?, ?, ?, ?')} ON target.[cve_id] = source.[cve_id]; ` +
      'INSERT INTO [t] ([cve_id], [score], [kev], [seq], [published]) ' +
      'SELECT source.[cve_id], source.[score], source.[kev], source.[seq], source.[published] ' +
      `FROM ${source('@p0, @p1, @p2, @p3, @p4')} ` +
      'WHERE NOT EXISTS (SELECT 1 FROM [t] AS target WITH (UPDLOCK, SERIALIZABLE) ' +
      'WHERE target.[cve_id] = source.[cve_id])',
  )
  t.deepEqual(values, ['CVE-2024-1', '9.8', '1', '1', '1970-01-01T00:00:00.000Z'])
  t.is(mssqlUpsertOfValues('t', rows, ['cve_id'], []).sql.match(/\?/g)?.length, 10)
})

test('objects are refused', t => {
  t.throws(() => mssqlUpsert('t', [{ id: {} }], ['id'], []), { instanceOf: TypeError })
})

test('many rows go in batches; none go nowhere', async t => {
  const { knex, sent } = recordingServer()
  await mssqlDialect.upsert(knex, 't', [], ['id'])
  t.is(sent.length, 0)
  const many = Array.from({ length: 2500 }, (_, n) => ({ id: `${n}`, n }))
  await mssqlDialect.upsert(knex, 't', many, ['id'])
  t.deepEqual(
    sent.map(({ parameters }) => JSON.parse(String(parameters.p0?.value)).length),
    [1000, 1000, 500],
  )
  t.regex(sent[0]?.sql ?? '', /SET \[n\] = source\.\[n\] FROM/)
  await knex.destroy()
})
