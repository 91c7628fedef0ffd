import test from 'ava'
import { stringify } from 'csv-stringify/sync'
import { CsvReader, type CsvRecord, LONGEST_RECORD } from '../services/csv-reader.ts'

function read(...pieces: readonly string[]): CsvRecord[] {
  const reader = new CsvReader()
  return [...pieces.flatMap(piece => reader.read(piece)), ...reader.end()]
}

const cells = (...pieces: readonly string[]) => read(...pieces).map(record => record.cells ?? record.fault)

test('commas, semicolons and tabs separate cells, whichever the first line has', t => {
  t.deepEqual(cells('a,b\n1;2,3\n'), [
    ['a', 'b'],
    ['1;2', '3'],
  ])
  t.deepEqual(cells('a;b\n1,2;3\n'), [
    ['a', 'b'],
    ['1,2', '3'],
  ])
  t.deepEqual(cells('a\tb\n1,2;3\t\n'), [
    ['a', 'b'],
    ['1,2;3', ''],
  ])
})

test('a first line sep=; names what separates cells, and is no record', t => {
  const records = [
    { line: 2, cells: ['a,b', 'c'] },
    { line: 3, cells: ['1', '2'] },
  ]
  t.deepEqual(read('sep=;\na,b;c\n1;2\n'), records)
  t.deepEqual(read('\ufeffs', 'ep=;\r', '\na,b;c\r\n1;2\r\n'), records)
  t.deepEqual(read('"sep=\t"\na,b\tc\n1\t2'), records)
  t.deepEqual(cells('a;b\nsep=;2\n'), [
    ['a', 'b'],
    ['sep=', '2'],
  ])
})

test('every kind of line break ends a record, and they may be mixed', t => {
  t.deepEqual(
    read('a,b\r\n1,2\r3,4\n\r\n5,6').map(({ line }) => line),
    [1, 2, 3, 5],
  )
})

test('a byte order mark, blank lines and blanks around cells do not count', t => {
  t.deepEqual(cells('\ufeff\n , \n a , "b" \n\n1,  2  \n,,\n'), [
    ['a', 'b'],
    ['1', '2'],
  ])
})

test('quoted cells hold delimiters, quotes and line breaks; the record has the number of its first line', t => {
  t.deepEqual(read('a,b\n"1,\r\n""2""",3\n4,5\n'), [
    { line: 1, cells: ['a', 'b'] },
    { line: 2, cells: ['1,\r\n"2"', '3'] },
    { line: 4, cells: ['4', '5'] },
  ])
})

test('a quote inside a plain cell is just a character', t => {
  t.deepEqual(cells('a,b\n19" rack,2\n')[1], ['19" rack', '2'])
})

test('a quote that is not closed costs its own line only', t => {
  const records = read('a,b\n1,"2\n3,4\n5,"6"\n')
  t.is(records[1]?.line, 2)
  t.is(records[1]?.fault, 'has text after a closing quote')
  t.deepEqual(
    records.slice(2).map(record => record.cells),
    [
      ['3', '4'],
      ['5', '6'],
    ],
  )
  t.deepEqual(cells('a,b\n1,"2\n3,4\n').slice(1), ['has a quote that is not closed', ['3', '4']])
})

test('text after a closing quote costs its line only', t => {
  t.deepEqual(cells('a,b\n"1"x,2\n3,4\n').slice(1), ['has text after a closing quote', ['3', '4']])
})

test('a record without end is given up at the limit, in one piece as in many', t => {
  const endless = `a,b\n1,"${'x'.repeat(LONGEST_RECORD)}\n2,3\n`
  const expected = [['a', 'b'], `has more than ${LONGEST_RECORD} characters; is a quote not closed?`, ['2', '3']]
  t.deepEqual(cells(...(endless.match(/.{1,997}/gs) ?? [])), expected)
  t.deepEqual(cells(`a,b\n${'x'.repeat(LONGEST_RECORD)},1\n2,3\n`), expected)
})

test('memory is bounded while a line does not end', t => {
  const reader = new CsvReader()
  reader.read('a,b\n')
  const faults = Array.from({ length: 100 }, () => reader.read('x'.repeat(LONGEST_RECORD))).flat()
  t.is(faults.length, 1)
  t.deepEqual([...reader.read('\n1,2\n'), ...reader.end()], [{ line: 3, cells: ['1', '2'] }])
})

test('nothing is read from nothing', t => {
  t.deepEqual(cells(), [])
  t.deepEqual(cells('\ufeff', '\n \n'), [])
})

/** Numbers from 0 to below `limit`, the same each time (mulberry32). */
function random(seed: number): (limit: number) => number {
  let state = seed
  return limit => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}

const alphabet = ['a', 'B', '"', '""', ',', ';', '\t', '\n', '\r\n', '\r', ' ', "'", 'ü', '𝄞', '=', '0']

test('what csv-stringify writes is read back, in pieces of any size', t => {
  for (let seed = 1; seed <= 300; seed++) {
    const below = random(seed)
    const cell = () => Array.from({ length: below(6) }, () => alphabet[below(alphabet.length)]).join('')
    const header = Array.from({ length: 2 + below(4) }, (_, at) => `column ${at}`)
    const rows = Array.from({ length: below(12) }, () => [`x${cell()}`, ...header.slice(1).map(cell)])
    const text = stringify([header, ...rows], {
      delimiter: [',', ';', '\t'][below(3)] as string,
      record_delimiter: ['\n', '\r\n', '\r'][below(3)] as string,
      quoted: below(2) === 0,
      quoted_match: /[,;\t\r\n"]/,
      bom: below(2) === 0,
    })
    const pieces: string[] = []
    for (let at = 0, size = 0; at < text.length; at += size) {
      size = 1 + below(below(2) === 0 ? 3 : 40)
      pieces.push(text.slice(at, at + size))
    }
    const expected = [header, ...rows.map(row => row.map(value => value.trim()))]
    const found = read(...pieces).map(record => record.cells)
    t.deepEqual(found, expected, `seed ${seed}`)
  }
})

test('however text is cut into pieces, the records are the same', t => {
  for (let seed = 1; seed <= 500; seed++) {
    const below = random(seed)
    const text = `a,b\n${Array.from({ length: below(60) }, () => alphabet[below(alphabet.length)]).join('')}`
    const cut = below(text.length)
    t.deepEqual(read(text.slice(0, cut), text.slice(cut)), read(text), `seed ${seed}`)
    t.deepEqual(read(...text), read(text), `seed ${seed}`)
  }
})
