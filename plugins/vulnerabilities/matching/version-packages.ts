// The three published algorithms that are not a matter of tables. Each takes lower-case text and gives undefined
// where the text is not a version of that kind.

const SEMVER = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9a-z.-]+))?(?:\+[0-9a-z.+-]*)?$/

/** Semantic Versioning 2.0.0, section 11; a missing minor or patch number is 0, build metadata does not count. */
export function compareSemver(a: string, b: string): number | undefined {
  const left = SEMVER.exec(a)
  const right = SEMVER.exec(b)
  if (!left || !right) return undefined
  for (let index = 1; index <= 3; index++) {
    const order = compareDigits(left[index] ?? '0', right[index] ?? '0')
    if (order !== 0) return order
  }
  const [before, after] = [left[4], right[4]]
  if (before === undefined || after === undefined) return Number(before === undefined) - Number(after === undefined)
  return compareIdentifiers(before.split('.'), after.split('.'))
}

function compareIdentifiers(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const [left = '', right = ''] = [a[index], b[index]]
    const [leftNumeric, rightNumeric] = [/^\d+$/.test(left), /^\d+$/.test(right)]
    const order =
      leftNumeric && rightNumeric
        ? compareDigits(left, right)
        : leftNumeric !== rightNumeric
          ? Number(rightNumeric) - Number(leftNumeric)
          : compareText(left, right)
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** Debian Policy 5.6.12: [epoch:]upstream[-revision], `~` before everything, letters before other signs. */
export function compareDeb(a: string, b: string): number | undefined {
  const [left, right] = [splitPackage(a), splitPackage(b)]
  if (!left || !right) return undefined
  return (
    compareDigits(left.epoch, right.epoch) ||
    compareDebPart(left.version, right.version) ||
    compareDebPart(left.revision || '0', right.revision || '0')
  )
}

function compareDebPart(a: string, b: string): number {
  let [left, right] = [a, b]
  while (left !== '' || right !== '') {
    const [leftSigns, rightSigns] = [/^\D*/.exec(left)?.[0] ?? '', /^\D*/.exec(right)?.[0] ?? '']
    for (let index = 0; index < Math.max(leftSigns.length, rightSigns.length); index++) {
      const order = debWeight(leftSigns[index]) - debWeight(rightSigns[index])
      if (order !== 0) return order
    }
    ;[left, right] = [left.slice(leftSigns.length), right.slice(rightSigns.length)]
    const [leftDigits, rightDigits] = [/^\d*/.exec(left)?.[0] ?? '', /^\d*/.exec(right)?.[0] ?? '']
    const order = compareDigits(leftDigits, rightDigits)
    if (order !== 0) return order
    ;[left, right] = [left.slice(leftDigits.length), right.slice(rightDigits.length)]
  }
  return 0
}

function debWeight(sign: string | undefined): number {
  if (sign === undefined) return 0
  if (sign === '~') return -1
  return /[a-z]/.test(sign) ? sign.charCodeAt(0) : sign.charCodeAt(0) + 256
}

/** rpmvercmp on [epoch:]version[-release]; a side without a release is equal to every release. */
export function compareRpm(a: string, b: string): number | undefined {
  const [left, right] = [splitPackage(a), splitPackage(b)]
  if (!left || !right) return undefined
  const order = compareDigits(left.epoch, right.epoch) || compareRpmPart(left.version, right.version)
  if (order !== 0 || left.revision === '' || right.revision === '') return order
  return compareRpmPart(left.revision, right.revision)
}

function compareRpmPart(a: string, b: string): number {
  const [left, right] = [a.match(/\d+|[a-z]+|[~^]/g) ?? [], b.match(/\d+|[a-z]+|[~^]/g) ?? []]
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [mine, theirs] = [left[index], right[index]]
    if (mine === theirs) continue
    for (const sign of ['~', '^']) {
      if (mine !== sign && theirs !== sign) continue
      const other = mine === sign ? theirs : mine
      const signWins = sign === '^' && other === undefined
      return (mine === sign) === signWins ? 1 : -1
    }
    if (mine === undefined || theirs === undefined) return mine === undefined ? -1 : 1
    const [mineNumeric, theirsNumeric] = [/^\d/.test(mine), /^\d/.test(theirs)]
    if (mineNumeric !== theirsNumeric) return mineNumeric ? 1 : -1
    const order = mineNumeric ? compareDigits(mine, theirs) : compareText(mine, theirs)
    if (order !== 0) return order
  }
  return 0
}

function splitPackage(text: string): { epoch: string; version: string; revision: string } | undefined {
  const match = /^(?:(\d+):)?([0-9a-z.+~^:_-]+?)(?:-([0-9a-z.+~^_]+))?$/.exec(text)
  return match ? { epoch: match[1] ?? '0', version: match[2] ?? '', revision: match[3] ?? '' } : undefined
}

/** Orders two runs of digits of any length as numbers. */
export function compareDigits(a: string, b: string): number {
  const left = a.replace(/^0+/, '')
  const right = b.replace(/^0+/, '')
  return left.length - right.length || compareText(left, right)
}

/** Orders by code unit, as the published algorithms ask. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
