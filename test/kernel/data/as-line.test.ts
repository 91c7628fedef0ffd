import test from 'ava'
import { asLine, lineOfText } from '../../../kernel/data/fields.ts'

test('any text becomes a line', t => {
  t.is(asLine('As it is', 20), 'As it is')
  t.is(asLine('  two\r\nlines\tof \u0000 text ', 40), 'two lines of text')
  t.is(asLine('x'.repeat(21), 20), `${'x'.repeat(19)}…`)
  t.is(asLine(' \n ', 20), '-')
  t.is(asLine(`${'x'.repeat(18)}😀 and more`, 20), `${'x'.repeat(18)}…`)
  t.is(asLine('half \ud83d', 20), 'half \ufffd')
  for (const text of ['', '\u0085', '😀'.repeat(20), `${'a '.repeat(30)}`, '\ud800'.repeat(30)]) {
    t.true(lineOfText(20).safeParse(asLine(text, 20)).success, JSON.stringify(text))
  }
})
