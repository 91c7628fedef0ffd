/**
 * Mann and Whitney's test (1947): whether one of two samples tends to be larger than the other, whatever their
 * distributions. Answers the standard score of U, with the correction for ties; near 0 when they do not differ, beyond ±4
 * once in 16,000 times by chance. Ranks make single slow measures of a busy machine harmless.
 */
export function rankScore(first: readonly number[], second: readonly number[]): number {
  const all = [...first.map(value => ({ value, first: true })), ...second.map(value => ({ value, first: false }))]
  all.sort((a, b) => a.value - b.value)
  const total = all.length
  let rankSum = 0
  let ties = 0
  for (let start = 0; start < total; ) {
    let end = start
    while (end < total && all[end]?.value === all[start]?.value) end++
    const rank = (start + 1 + end) / 2
    for (const one of all.slice(start, end)) if (one.first) rankSum += rank
    ties += (end - start) ** 3 - (end - start)
    start = end
  }
  const [n, m] = [first.length, second.length]
  const u = rankSum - (n * (n + 1)) / 2
  const variance = ((n * m) / 12) * (total + 1 - ties / (total * (total - 1)))
  return variance === 0 ? 0 : (u - (n * m) / 2) / Math.sqrt(variance)
}
