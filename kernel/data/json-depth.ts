/**
 * True when objects and lists stand in each other more than `levels` times. JSON may come much deeper than whoever walks
 * through it has a stack for, `JSON.stringify` above all.
 */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  for (const inner of Array.isArray(value) ? value : Object.values(value)) {
    if (isDeeperThan(inner, levels - 1)) return true
  }
  return false
}
