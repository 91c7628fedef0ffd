import test from 'ava'
import { NewAsset } from '../asset.ts'
import type { ImportRow } from '../services/import-row.ts'
import { RowRegister } from '../services/row-register.ts'

type Fields = { readonly name: string; readonly id?: string; readonly external_key?: string; readonly site_id?: string }

const SITE = '01890000-0000-7000-8000-000000000001'
const OTHER = '01890000-0000-7000-8000-000000000002'

/** What `add` says of each row, numbered from 1. */
function register(...rows: readonly Fields[]): (number | undefined)[] {
  const register = new RowRegister()
  return rows.map(({ id, ...fields }, at) => {
    const asset = NewAsset.parse({ type: 'plc', ...fields })
    return register.add({ row: at + 1, id, asset, change: fields } as ImportRow)
  })
}

test('the same id or key is the same asset', t => {
  t.deepEqual(register({ id: 'x', name: 'A' }, { id: 'x', name: 'B' }), [undefined, 1])
  t.deepEqual(register({ external_key: 'k', name: 'A' }, { external_key: 'k', name: 'B' }), [undefined, 1])
  t.deepEqual(register({ external_key: 'k', name: 'A' }, { id: 'x', external_key: 'k', name: 'B' }), [undefined, 1])
})

test('keys are compared exactly, and rows with different keys may share a name', t => {
  t.deepEqual(register({ external_key: 'k', name: 'A' }, { external_key: 'K', name: 'A' }), [undefined, undefined])
})

test('without a key, the same name at the same site is the same asset, whatever its case', t => {
  t.deepEqual(register({ name: 'Pump', site_id: SITE }, { name: 'PUMP', site_id: SITE }), [undefined, 1])
  t.deepEqual(register({ name: 'Pump', site_id: SITE }, { name: 'Pump', site_id: OTHER }), [undefined, undefined])
})

test('a row that leaves the site open may mean any of them', t => {
  t.deepEqual(register({ name: 'Pump', site_id: SITE }, { name: 'Pump' }), [undefined, 1])
  t.deepEqual(register({ name: 'Pump' }, { name: 'Pump', site_id: SITE }), [undefined, 1])
  t.deepEqual(register({ external_key: 'k', name: 'Pump' }, { name: 'Pump' }), [undefined, 1])
})
