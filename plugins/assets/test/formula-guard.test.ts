import test from 'ava'
import { guarded, unguarded } from '../services/formula-guard.ts'

test('what a spreadsheet would run gets an apostrophe', t => {
  for (const sign of ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) {
    t.is(guarded(`${sign}cmd|' /C calc'!A0`), `'${sign}cmd|' /C calc'!A0`)
  }
})

test('what it would not run stays as it is', t => {
  for (const text of ['', 'S7-1500', "'quoted'", "'", '10.0.0.1', '2=1', '::1']) t.is(guarded(text), text)
})

test('taking the guard off gives back every text', t => {
  for (const text of ['=1', "'=1", "''=1", '-5', '@x', "'x", "''", '', 'plain', "'-"]) {
    t.is(unguarded(guarded(text)), text)
  }
})
