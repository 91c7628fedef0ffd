import test from 'ava'
import { ReportBuilder } from '../services/import-report.ts'

function build(rows: number, failedRow: number, room?: number) {
  const builder = new ReportBuilder(false)
  for (let row = 2; row < rows + 2; row++) {
    builder.add(
      row === failedRow ? { row, status: 'failed', errors: ['wrong'] } : { row, status: 'created', name: 'A' },
    )
  }
  return builder.report(room)
}

test('every row has a line, in the order of the file', t => {
  const report = build(10_000, 5_000)
  t.like(report, { total: 10_000, created: 9_999, updated: 0, unchanged: 0, failed: 1, rows_omitted: 0 })
  t.deepEqual(
    report.rows.map(({ row }) => row),
    Array.from({ length: 10_000 }, (_, at) => at + 2),
  )
})

test('failed rows are shown before others when there is no room for all', t => {
  const report = build(100, 90, 200)
  t.true(JSON.stringify(report.rows).length <= 202)
  t.is(report.rows.at(-1)?.row, 90)
  t.deepEqual(
    report.rows.slice(0, -1).map(({ row }) => row),
    [2, 3, 4].slice(0, report.rows.length - 1),
  )
  t.is(report.rows_omitted, 100 - report.rows.length)
})

test('a report does not grow beyond its room, whatever the number of rows', t => {
  const { rows, rows_omitted } = build(60_000, 1)
  t.true(JSON.stringify(rows).length <= 2_000_002)
  t.is(rows.length + rows_omitted, 60_000)
})
