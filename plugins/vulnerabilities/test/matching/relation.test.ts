import test from 'ava'
import { CpeNameError, compareNames, normaliseName, type Relation } from '../../matching/cpe.ts'

const withVersion = (version: string) => `cpe:2.3:a:vendor:product:${version}:*:*:*:*:*:*:*`

// NIST IR 7696, table 6-2: source, target, relation. The row numbers are the table's.
const table62: readonly (readonly [row: string, source: string, target: string, relation: Relation])[] = [
  ['1 ANY ANY', '*', '*', 'EQUAL'],
  ['2 ANY NA', '*', '-', 'SUPERSET'],
  ['3 ANY i', '*', '1.0', 'SUPERSET'],
  ['4 ANY wildcard', '*', '1.*', 'UNDEFINED'],
  ['5 NA ANY', '-', '*', 'SUBSET'],
  ['6 NA NA', '-', '-', 'EQUAL'],
  ['7 NA i', '-', '1.0', 'DISJOINT'],
  ['8 NA wildcard', '-', '1.*', 'UNDEFINED'],
  ['9 i i', '1.0', '1.0', 'EQUAL'],
  ['10 i k', '1.0', '2.0', 'DISJOINT'],
  ['11 i wildcard', '1.0', '1.*', 'UNDEFINED'],
  ['12 i NA', '1.0', '-', 'DISJOINT'],
  ['13 i ANY', '1.0', '*', 'SUBSET'],
  ['14 wildcard i, covered', '1.*', '1.0', 'SUPERSET'],
  ['14 wildcard i, not covered', '1.*', '2.0', 'DISJOINT'],
  ['15 wildcard ANY', '1.*', '*', 'SUBSET'],
  ['16 wildcard NA', '1.*', '-', 'DISJOINT'],
  ['17 wildcard wildcard', '1.*', '1.*', 'UNDEFINED'],
]
for (const [row, source, target, relation] of table62) {
  test(`table 6-2 row ${row}`, t => {
    t.is(compareNames(withVersion(source), withVersion(target)), relation)
  })
}

for (const [source, target, relation] of [
  ['*beta', '2beta', 'SUPERSET'],
  ['*beta', 'beta', 'SUPERSET'],
  ['*beta', 'beta2', 'DISJOINT'],
  ['*beta*', '2beta2', 'SUPERSET'],
  ['1?', '1', 'SUPERSET'],
  ['1?', '12', 'SUPERSET'],
  ['1?', '123', 'DISJOINT'],
  ['1??', '123', 'SUPERSET'],
  ['??1', 'ab1', 'SUPERSET'],
  ['?1', 'ab1', 'DISJOINT'],
  ['?1?', '11', 'SUPERSET'],
  ['1?', '1\\+', 'SUPERSET'],
  ['1?', '1\\+\\+', 'DISJOINT'],
  ['1\\*', '1\\*', 'EQUAL'],
  ['1\\*', '12', 'DISJOINT'],
  ['1\\?', '12', 'DISJOINT'],
  ['1\\\\*', '1\\\\', 'SUPERSET'],
  ['1\\.0', '1.0', 'EQUAL'],
  ['1.0-RC1', '1.0-rc1', 'EQUAL'],
  ['1.0', '1.0.0', 'DISJOINT'],
] as const) {
  test(`the version ${source} is ${relation} to ${target}`, t => {
    t.is(compareNames(withVersion(source), withVersion(target)), relation)
  })
}

// Table 6-4, over vendor, product, version and update.
const table64: readonly (readonly [source: string, target: string, relation: Relation])[] = [
  ['a:v:p:1:u', 'a:v:p:1:u', 'EQUAL'],
  ['a:v:p:*:u', 'a:v:p:1:u', 'SUPERSET'],
  ['a:v:p:*:*', 'a:v:p:1:u', 'SUPERSET'],
  ['a:v:p:1:u', 'a:v:p:1:*', 'SUBSET'],
  ['a:v:p:1:-', 'a:v:p:*:*', 'SUBSET'],
  ['a:v:p:*:u', 'a:v:p:1:*', 'UNDEFINED'],
  ['a:v:p:*:u', 'a:v:other:1:*', 'DISJOINT'],
  ['a:v:p:1:u', 'a:v:p:2:u', 'DISJOINT'],
  ['a:v:p:1:u', 'a:v:p:2.*:*', 'UNDEFINED'],
  ['a:v:other:1:u', 'a:v:p:2.*:*', 'DISJOINT'],
  ['o:v:p:1:u', 'a:v:p:1:u', 'DISJOINT'],
  ['*:v:p:1:u', 'a:v:p:1:u', 'SUPERSET'],
  ['a:*:p:1:u', 'a:v:*:1:u', 'UNDEFINED'],
  ['a:quarkus:quarkus:*:*', 'a:quarkus:quarkus-security:1.1.4:*', 'DISJOINT'],
]
for (const [source, target, relation] of table64) {
  test(`table 6-4: ${source} is ${relation} to ${target}`, t => {
    t.is(compareNames(`cpe:2.3:${source}:*:*:*:*:*:*`, `cpe:2.3:${target}:*:*:*:*:*:*`), relation)
  })
}

test('the examples of the reference implementation of NIST', t => {
  const explorer = 'cpe:2.3:a:microsoft:internet_explorer'
  t.is(compareNames(`${explorer}:8\\.0\\.6001:beta:*:sp2:*:*:*:*`, `${explorer}:*:*:*:*:*:*:*:*`), 'SUBSET')
  const palm = 'cpe:2.3:a:adobe:*:9.*:*:PalmOS:*:*:*:*:*'
  t.is(compareNames(palm, normaliseName('cpe:/a::Reader:9.3.2:-:-')), 'DISJOINT')
  t.is(compareNames(palm, 'cpe:2.3:a:adobe:reader:9.3.2:-:palmos:*:*:*:*:*'), 'SUPERSET')
})

test('SUBSET one way is SUPERSET the other way, and EQUAL and DISJOINT are symmetric', t => {
  const values = ['*', '-', '1', '2']
  const opposite = {
    SUBSET: 'SUPERSET',
    SUPERSET: 'SUBSET',
    EQUAL: 'EQUAL',
    DISJOINT: 'DISJOINT',
    UNDEFINED: 'UNDEFINED',
  }
  const names = values.flatMap(version => values.map(update => `cpe:2.3:a:v:p:${version}:${update}:*:*:*:*:*:*`))
  for (const a of names) {
    t.is(compareNames(a, a), 'EQUAL')
    for (const b of names) t.is(compareNames(b, a), opposite[compareNames(a, b)] as Relation, `${a} ${b}`)
  }
})

test('a malformed name is refused', t => {
  t.throws(() => compareNames('cpe:2.3:a:v:p', withVersion('1')), { instanceOf: CpeNameError })
})
