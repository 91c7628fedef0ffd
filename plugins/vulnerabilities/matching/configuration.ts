import { parseName, splitValues } from './name.ts'
import { indexKey, type ProductPattern, productPattern } from './product.ts'

/** The four version bounds of an NVD match criteria; `versionEndExcluding: '2.0'` means "before 2.0". */
export interface VersionBounds {
  readonly versionStartIncluding?: string
  readonly versionStartExcluding?: string
  readonly versionEndIncluding?: string
  readonly versionEndExcluding?: string
}

/** One match criteria of an NVD configuration (NVD API 2.0); other fields, such as matchCriteriaId, are ignored. */
export interface NvdCpeMatch extends VersionBounds {
  readonly vulnerable: boolean
  readonly criteria: string
}

/** One node of an NVD configuration. */
export interface NvdNode {
  readonly operator?: string
  readonly negate?: boolean
  readonly cpeMatch?: readonly NvdCpeMatch[]
}

/** One element of `configurations` in the NVD API 2.0. */
export interface NvdConfiguration {
  readonly operator?: string
  readonly negate?: boolean
  readonly nodes?: readonly NvdNode[]
}

/** A tail alone, or a tail and its bounds, each led by its sign as in interval notation: `['', '[1.0', ')2.0']`
 * is from 1.0 on and before 2.0, `(` and `]` are the other two. */
export type CompactEntry = string | readonly [tail: string, ...bounds: string[]]

/**
 * Criteria that follow each other and share product and flag. A tail is the criteria from the version on, without the
 * `:*` at its end. With the key '' the tails are whole criteria, kept as they came: those that could not be rebuilt
 * exactly, and those whose part, vendor or product is ANY, NA or holds a wildcard. Every other key is exact.
 */
export type CompactGroup = readonly [key: string, vulnerable: 0 | 1, ...entries: CompactEntry[]]

/** A node: `g` its groups, `a` set for operator AND, `n` set for negate. */
export interface CompactNode {
  readonly g: readonly CompactGroup[]
  readonly a?: 1
  readonly n?: 1
}

/** A configuration: `d` its nodes, `a` set for operator AND, `n` set for negate. */
export interface CompactConfiguration {
  readonly d: readonly CompactNode[]
  readonly a?: 1
  readonly n?: 1
}

/** The configurations of one CVE as the catalogue stores them: plain JSON, about a sixth of NVD's own. */
export type CompactConfigurations = readonly CompactConfiguration[]

const PREFIX = 'cpe:2.3:'
const TAIL_VALUES = 8
const BOUNDS = [
  ['versionStartIncluding', '['],
  ['versionStartExcluding', '('],
  ['versionEndIncluding', ']'],
  ['versionEndExcluding', ')'],
] as const

/**
 * Turns NVD configurations into the compact form. Nothing is validated or lost: a criteria that is no CPE name is
 * kept and matches nothing, and expandConfigurations gives back text, order, flags and bounds exactly.
 */
export function compileConfigurations(configurations: readonly NvdConfiguration[]): CompactConfigurations {
  return configurations.map(configuration => ({
    d: (configuration.nodes ?? []).map(node => ({ g: compileGroups(node.cpeMatch ?? []), ...flags(node) })),
    ...flags(configuration),
  }))
}

function flags(source: { readonly operator?: string; readonly negate?: boolean }): { a?: 1; n?: 1 } {
  return {
    ...(source.operator?.toUpperCase() === 'AND' ? { a: 1 as const } : {}),
    ...(source.negate ? { n: 1 as const } : {}),
  }
}

function compileGroups(matches: readonly NvdCpeMatch[]): CompactGroup[] {
  const groups: [string, 0 | 1, ...CompactEntry[]][] = []
  for (const match of matches) {
    const [key, tail] = splitCriteria(match.criteria)
    const vulnerable = match.vulnerable ? 1 : 0
    const bounds = BOUNDS.flatMap(([name, sign]) => (match[name] === undefined ? [] : [sign + match[name]]))
    const entry: CompactEntry = bounds.length > 0 ? [tail, ...bounds] : tail
    const last = groups.at(-1)
    if (last && last[0] === key && last[1] === vulnerable) last.push(entry)
    else groups.push([key, vulnerable, entry])
  }
  return groups
}

function splitCriteria(criteria: string): [key: string, tail: string] {
  if (criteria.startsWith(PREFIX)) {
    const values = splitValues(criteria, PREFIX.length)
    const key = values.slice(0, 3).join(':')
    while (values.length > 3 && values.at(-1) === '*') values.pop()
    const tail = values.slice(3).join(':')
    const isExact = productPattern(key)?.exact && productPattern(key)?.key === key
    if (isExact && criteriaOf(key, tail) === criteria) return [key, tail]
  }
  return ['', criteria]
}

/** The criteria text of an entry, exactly as it came from the feed. */
export function criteriaOf(key: string, tail: string): string {
  if (key === '') return tail
  const present = tail === '' ? 0 : splitValues(tail).length
  return PREFIX + key + (tail === '' ? '' : `:${tail}`) + ':*'.repeat(Math.max(0, TAIL_VALUES - present))
}

/** The bounds of an entry under their NVD names. */
export function boundsOf(entry: CompactEntry): VersionBounds {
  if (typeof entry === 'string') return {}
  return Object.fromEntries(
    entry.slice(1).map(text => {
      const [name = ''] = BOUNDS.find(([, sign]) => text.startsWith(sign)) ?? []
      return [name, text.slice(1)]
    }),
  )
}

/** The NVD shape of a compact form, without matchCriteriaId. */
export function expandConfigurations(compact: CompactConfigurations): NvdConfiguration[] {
  return compact.map(configuration => ({
    operator: configuration.a ? 'AND' : 'OR',
    negate: configuration.n === 1,
    nodes: configuration.d.map(node => ({
      operator: node.a ? 'AND' : 'OR',
      negate: node.n === 1,
      cpeMatch: node.g.flatMap(([key, vulnerable, ...entries]) =>
        entries.map(entry => ({
          vulnerable: vulnerable === 1,
          criteria: criteriaOf(key, typeof entry === 'string' ? entry : entry[0]),
          ...boundsOf(entry),
        })),
      ),
    })),
  }))
}

/**
 * The keys (`part:vendor:product`, lower case) of everything a compact form, or one criteria, calls vulnerable: an
 * asset needs a CPE under one of them before the CVE is worth evaluating. Platform criteria give no key.
 * A part, vendor or product that is ANY or holds a wildcard stands as `*` in the key (`a:wpgeodirectory:*` for
 * `events_calendar*`), which is found because lookupKeys of an asset holds those wider keys, too.
 */
export function productKeys(source: CompactConfigurations | string): Set<string> {
  const keys = new Set<string>()
  const compact = typeof source === 'string' ? compileConfigurations([ofOne(source)]) : source
  for (const { d } of compact) {
    for (const { g } of d) {
      for (const [key, vulnerable, ...entries] of g) {
        if (!vulnerable) continue
        if (key !== '') keys.add(key)
        else for (const entry of entries) addWideKey(keys, typeof entry === 'string' ? entry : entry[0])
      }
    }
  }
  return keys
}

const ofOne = (criteria: string): NvdConfiguration => ({ nodes: [{ cpeMatch: [{ vulnerable: true, criteria }] }] })

function addWideKey(keys: Set<string>, criteria: string): void {
  const whole = wholeCriteria(criteria)
  if (whole) keys.add(indexKey(whole.product))
}

/** Product pattern and tail of a criteria that the compact form keeps whole; undefined when it is no CPE name. */
export function wholeCriteria(criteria: string): { product: ProductPattern; tail: string } | undefined {
  try {
    const name = parseName(criteria)
    const product = productPattern(name.key)
    return product ? { product, tail: name.values.slice(3).join(':') } : undefined
  } catch {
    return undefined
  }
}
