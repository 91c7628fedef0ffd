import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { batchesOf } from '../flyway-script.ts'
import { KERNEL_MIGRATIONS, scriptsOf } from '../migration-files.ts'

const folder = scriptsOf(KERNEL_MIGRATIONS)
const batches = readdirSync(folder).flatMap(name => [...batchesOf(readFileSync(path.join(folder, name), 'utf8'))])

/** Bytes of each column by `table.column`, as declared. */
const sizes = new Map<string, number>()
for (const batch of batches) {
  const table = /(?:CREATE|ALTER) TABLE \[(\w+)\]/.exec(batch)?.[1]
  for (const [, column, type = '', length] of batch.matchAll(
    /\[(\w+)\] (\w+)(?:\((\w+)\))?(?: identity\S+)? (?:not )?null/g,
  )) {
    sizes.set(`${table}.${column}`, sizeOf(type, length))
  }
}

function sizeOf(type: string, length: string | undefined): number {
  if (type === 'nvarchar') return length === 'max' ? Number.POSITIVE_INFINITY : 2 * Number(length)
  return type === 'uniqueidentifier' ? 16 : 8
}

const columnsIn = (list: string) => [...list.matchAll(/\[(\w+)\]/g)].map(([, column]) => String(column))

test('no key is longer than SQL Server takes: 900 bytes clustered, 1,700 otherwise', t => {
  let seen = 0
  for (const batch of batches) {
    const table = /(?:CREATE TABLE|ALTER TABLE|ON) \[(\w+)\]/.exec(batch)?.[1]
    const keys = [
      ...batch.matchAll(/CREATE (UNIQUE )?(CLUSTERED )?INDEX \[\w+\] ON \[\w+\] \(([^)]+)\)/g),
      ...batch.matchAll(/PRIMARY KEY ()(NONCLUSTERED )?\(([^)]+)\)/g),
    ]
    for (const [text, , kind = '', list = ''] of keys) {
      const clustered = kind === 'CLUSTERED ' || (text.startsWith('PRIMARY') && kind === '')
      const bytes = columnsIn(list).map(column => sizes.get(`${table}.${column}`) ?? Number.NaN)
      const sum = bytes.reduce((total, size) => total + size, 0)
      t.true(sum <= (clustered ? 900 : 1700), `${table} ${text}: ${sum} bytes`)
      seen += 1
    }
  }
  t.true(seen > 100)
})

test('a deleted row reaches every other table on one path only', t => {
  const children = new Map<string, string[]>()
  for (const batch of batches) {
    const table = /(?:CREATE|ALTER) TABLE \[(\w+)\]/.exec(batch)?.[1]
    for (const [, parent = ''] of batch.matchAll(/REFERENCES \[(\w+)\] \(\[id\]\) ON DELETE cascade/gi)) {
      children.set(parent, [...(children.get(parent) ?? []), String(table)])
    }
  }
  t.true(children.size >= 6)
  for (const root of children.keys()) {
    const reached: string[] = []
    const visit = (parent: string) => {
      for (const child of children.get(parent) ?? []) {
        reached.push(child)
        if (reached.length < 100) visit(child)
      }
    }
    visit(root)
    t.deepEqual(reached, [...new Set(reached)], root)
  }
})

test('names fit', t => {
  const names = batches.flatMap(batch => [...batch.matchAll(/\[(\w+)\]/g)].map(([, name]) => String(name)))
  t.deepEqual(
    names.filter(name => name.length > 128),
    [],
  )
})
