import type { Log } from '../../../kernel/log/log.ts'

/** A log that keeps its messages, for tests that ask what was said. */
export function memoryLog(lines: string[] = []): Log & { readonly lines: string[] } {
  const write = (first: unknown, message?: string): void => {
    lines.push(
      [first instanceof Error ? first.message : first, message].filter(part => typeof part === 'string').join(' | '),
    )
  }
  const child = (): Log => memoryLog(lines)
  return {
    lines,
    trace: write,
    debug: write,
    info: write,
    warn: write,
    error: write,
    fatal: write,
    enabled: () => true,
    child,
  }
}
