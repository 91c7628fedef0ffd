/**
 * Compares two versions as Debian orders them (Debian Policy, 5.6.12), which is what snap versions are modelled on: runs of
 * digits by their number, the rest by letters before other signs, and `~` before everything, so that `1.0~rc1` < `1.0`.
 * @returns below zero, zero or above zero
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)]
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [one = '', other = ''] = [left[i], right[i]]
    const order = i % 2 === 0 ? compareText(one, other) : compareNumber(one, other)
    if (order !== 0) return order
  }
  return 0
}

/** What is no digit, digits, what is no digit, …; it begins with the former, which may be empty. */
const partsOf = (version: string): string[] => {
  const parts = version.split(/(\d+)/)
  return parts.at(-1) === '' ? parts.slice(0, -1) : parts
}

/** Of any length, without rounding. */
function compareNumber(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')]
  if (left.length !== right.length) return left.length - right.length
  return left < right ? -1 : left > right ? 1 : 0
}

function compareText(a: string, b: string): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const order = rank(a[i]) - rank(b[i])
    if (order !== 0) return order
  }
  return 0
}

/** `~`, the end, letters, other signs. */
function rank(sign: string | undefined): number {
  if (sign === '~') return -1
  if (sign === undefined) return 0
  const code = sign.charCodeAt(0)
  return /[a-z]/i.test(sign) ? code : code + 256
}
