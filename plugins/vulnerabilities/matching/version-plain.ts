// Most versions are numbers and dots. They are compared here without being parsed, which is what makes it possible to
// put an asset against thousands of criteria.

const isDigit = (code: number): boolean => code >= 48 && code <= 57

/** The end of the run of digits at `from`; `from` itself when there is none. */
function endOfDigits(text: string, from: number): number {
  let at = from
  while (at < text.length && isDigit(text.charCodeAt(at))) at++
  return at
}

function compareRuns(a: string, fromA: number, endA: number, b: string, fromB: number, endB: number): number {
  let [startA, startB] = [fromA, fromB]
  while (startA < endA && a.charCodeAt(startA) === 48) startA++
  while (startB < endB && b.charCodeAt(startB) === 48) startB++
  const length = endA - startA - (endB - startB)
  if (length !== 0) return length
  for (let at = 0; at < endA - startA; at++) {
    const order = a.charCodeAt(startA + at) - b.charCodeAt(startB + at)
    if (order !== 0) return order
  }
  return 0
}

/**
 * Orders two versions that consist of numbers and dots, a missing number being 0; undefined when one does not, or is
 * one long number, which could be a date.
 */
export function comparePlain(a: string, b: string): number | undefined {
  let [atA, atB, order, numbers] = [0, 0, 0, 0]
  while (atA < a.length || atB < b.length) {
    const [endA, endB] = [endOfDigits(a, atA), endOfDigits(b, atB)]
    if ((endA === atA && atA < a.length) || (endB === atB && atB < b.length)) return undefined
    if (numbers === 0 && (endA > 7 || endB > 7)) return undefined
    if (order === 0) order = compareRuns(a, atA, endA, b, atB, endB)
    numbers++
    atA = afterDot(a, endA)
    atB = afterDot(b, endB)
    if (atA < 0 || atB < 0) return undefined
  }
  return numbers === 0 ? undefined : order
}

// The position after a dot that a digit follows, or the end; -1 when anything else follows.
function afterDot(text: string, at: number): number {
  if (at >= text.length) return at
  return text.charCodeAt(at) === 46 && isDigit(text.charCodeAt(at + 1)) ? at + 1 : -1
}

/**
 * True when two versions differ in a number of their leading numbers and dots, so that no scheme calls them equal.
 * `tail` may go on after the version with a colon, and hold a
 * wildcard. False means nothing.
 */
export function differPlainly(tail: string, version: string): boolean {
  let [atA, atB] = [0, 0]
  for (;;) {
    const [endA, endB] = [endOfDigits(tail, atA), endOfDigits(version, atB)]
    if (endA === atA || endB === atB) return false
    const next = tail.charCodeAt(endA)
    if (next === 42 || next === 63) return false
    if (compareRuns(tail, atA, endA, version, atB, endB) !== 0) return true
    if (next !== 46 || version.charCodeAt(endB) !== 46) return false
    atA = endA + 1
    atB = endB + 1
  }
}
