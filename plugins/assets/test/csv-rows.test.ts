import test from 'ava'
import { Problem } from '../../../kernel/contract.ts'
import { checkHeader, csvRows, MOST_ROWS } from '../services/csv-rows.ts'

async function rows(...pieces: readonly string[]) {
  return (await Array.fromAsync(csvRows(pieces))).map(({ row, cells, fault }) => ({
    row,
    ...(cells ? Object.fromEntries(cells) : { fault }),
  }))
}

const refusal = async (content: string): Promise<string> => {
  try {
    await rows(content)
  } catch (error) {
    if (error instanceof Problem) return `${error.code}: ${error.message}`
    throw error
  }
  return 'not refused'
}

test('columns may be called as other systems call them, in any case and spelling', async t => {
  t.deepEqual(await rows('Hostname;TYPE;Vendor;Firmware;IP-Address;Mac;Key;CPE\nA;plc;B;1;C;D;E;F\n'), [
    {
      row: 2,
      name: 'A',
      type: 'plc',
      producer: 'B',
      version: '1',
      ip_address: 'C',
      mac_address: 'D',
      external_key: 'E',
      cpes: 'F',
    },
  ])
})

test('a header that cannot be imported refuses the file', async t => {
  t.is(await refusal(''), 'invalid: The file is empty. The first line must name the columns.')
  t.is(await refusal('\n\n'), 'invalid: The file is empty. The first line must name the columns.')
  t.regex(
    await refusal('name,type,colour,__proto__\n'),
    /^invalid: Unknown column "colour", "__proto__"\. Known are id, /,
  )
  t.is(await refusal('name,type,vendor,producer\n'), 'invalid: Two columns fill "producer".')
  t.regex(await refusal('name,type,site,site_id\n'), /both "site" and "site_id"/)
  t.regex(await refusal('name,model\n'), /"name" and "type" among them/)
  t.regex(await refusal('name,type,\n'), /Unknown column ""/)
  t.regex(await refusal('"name,type\n'), /The first line must name the columns, but it has a quote that is not closed/)
})

test('a file that is not UTF-8 is refused by its header', async t => {
  t.regex(await refusal('n\0a\0m\0e\0,\0'), /not UTF-8 text.*CSV UTF-8/)
  t.regex(await refusal('name,type,Größe\n'.replace(/ö|ß/g, '\ufffd')), /not UTF-8 text/)
})

test('a row of another length, or with bytes that are no text, is a fault of its own', async t => {
  t.deepEqual(await rows('name,type\nA,plc\nB\nC,plc,x\nD\ufffd,plc\nE\0,plc\nF,plc\n'), [
    { row: 2, name: 'A', type: 'plc' },
    { row: 3, fault: 'the row has 1 cells, the header has 2' },
    { row: 4, fault: 'the row has 3 cells, the header has 2' },
    { row: 5, fault: 'name: is not UTF-8 text; save the file as "CSV UTF-8"' },
    { row: 6, fault: 'name: is not UTF-8 text; save the file as "CSV UTF-8"' },
    { row: 7, name: 'F', type: 'plc' },
  ])
})

test('a header alone has no rows', async t => {
  t.deepEqual(await rows('name,type'), [])
})

test('reading ends at the limit: the first row beyond it says so, and nothing more is asked for', async t => {
  let asked = 0
  function* endless(): Generator<string> {
    yield 'name,type\n'
    for (;;) {
      asked++
      yield 'A,plc\n'.repeat(MOST_ROWS)
    }
  }
  const all = await Array.fromAsync(csvRows(endless()))
  t.is(asked, 2)
  t.is(all.length, MOST_ROWS + 1)
  t.deepEqual(all.at(-1), {
    row: MOST_ROWS + 2,
    fault:
      'a file may have at most 100000 rows; this one and those after it were not read: import them with another file',
  })
})

test('a file with exactly as many rows as may be is whole', async t => {
  const all = await rows('name,type\n', 'A,plc\n'.repeat(MOST_ROWS))
  t.is(all.length, MOST_ROWS)
  t.false(all.some(row => 'fault' in row))
})

test('the guard against formulas is taken off', async t => {
  t.like((await rows("name,type\n'=1+1,plc\n"))[0], { name: '=1+1' })
})

test('a header is checked without its rows', async t => {
  await t.notThrowsAsync(checkHeader(`name,type\n${'A,plc\n'.repeat(100_000)}"`))
  await t.throwsAsync(checkHeader('name\nA\n'), { instanceOf: Problem })
})
