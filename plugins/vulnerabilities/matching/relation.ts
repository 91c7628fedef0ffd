import { type CpeName, hasWildcard, parseName, unquote } from './name.ts'

/** How a source value or name relates to a target: the set relations of NIST IR 7696, section 6. */
export type Relation = 'EQUAL' | 'SUBSET' | 'SUPERSET' | 'DISJOINT' | 'UNDEFINED'

/**
 * The relation of two values, NIST IR 7696 table 6-2. Both are in the spelling of CpeName.
 * A target with a wildcard inside is UNDEFINED whatever the source is (rows 4, 8, 11 and 17).
 */
export function compareValues(source: string, target: string): Relation {
  if (hasWildcard(target)) return 'UNDEFINED'
  if (source === target) return 'EQUAL'
  if (source === '*') return 'SUPERSET'
  if (target === '*') return 'SUBSET'
  if (source === '-' || target === '-') return 'DISJOINT'
  if (!hasWildcard(source)) return 'DISJOINT'
  return matchesPattern(source, target) ? 'SUPERSET' : 'DISJOINT'
}

// "*" stands for any run, n "?" for up to n characters, a quoted character counts as one (NIST IR 7696, 6.3).
function matchesPattern(pattern: string, value: string): boolean {
  const lead = /^(?:\*|\?+)/.exec(pattern)?.[0] ?? ''
  const rest = pattern.slice(lead.length)
  const trail = hasWildcard(rest) ? (/(?:\*|\?+)$/.exec(rest)?.[0] ?? '') : ''
  const core = unquote(rest.slice(0, rest.length - trail.length))
  const text = unquote(value)
  const mostBefore = lead === '*' ? text.length : lead.length
  const mostAfter = trail === '*' ? text.length : trail.length
  for (let at = text.indexOf(core); at >= 0 && at <= mostBefore; at = text.indexOf(core, at + 1)) {
    if (text.length - at - core.length <= mostAfter) return true
  }
  return false
}

/**
 * The relation of two names, NIST IR 7696 table 6-4: one DISJOINT value makes the names DISJOINT; otherwise one
 * UNDEFINED value, or a mix of SUBSET and SUPERSET (which the table leaves open), makes them UNDEFINED.
 */
export function compareParsedNames(source: CpeName, target: CpeName): Relation {
  let subset = false
  let superset = false
  let undecided = false
  for (let index = 0; index < source.values.length; index++) {
    const relation = compareValues(source.values[index] ?? '*', target.values[index] ?? '*')
    if (relation === 'DISJOINT') return 'DISJOINT'
    if (relation === 'UNDEFINED') undecided = true
    else if (relation === 'SUBSET') subset = true
    else if (relation === 'SUPERSET') superset = true
  }
  if (undecided || (subset && superset)) return 'UNDEFINED'
  if (subset) return 'SUBSET'
  return superset ? 'SUPERSET' : 'EQUAL'
}

/**
 * Compares two CPE 2.3 formatted strings as NIST IR 7696 does: `source` is the CVE record's criteria, `target` the
 * asset's name. EQUAL, SUPERSET (the record covers the asset) and SUBSET (the record is narrower than what is known
 * of the asset) can be a match; see evaluate for what a match still needs.
 * @throws CpeNameError when a name is malformed
 */
export function compareNames(source: string, target: string): Relation {
  return compareParsedNames(parseName(source), parseName(target))
}
