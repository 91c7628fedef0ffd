import { readFileSync } from 'node:fs'

/** Ticks a second in /proc: `sysconf(_SC_CLK_TCK)`, 100 on every Linux that Node runs on. */
const ticks = 100

/**
 * Seconds of CPU (user and system, all threads) that a process has used since it started, to 10 ms: `utime` and `stime`
 * of /proc/<pid>/stat, see proc_pid_stat(5). Undefined where there is no /proc or no such process.
 */
export function cpuSeconds(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined
  const fields = afterName(`/proc/${pid}/stat`)?.split(' ')
  return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) / ticks
}

/** Megabytes (10^6) that a process holds in memory now: `rss` of /proc/<pid>/statm times the page of 4096 bytes. */
export function residentMegabytes(pid: number): number | undefined {
  const pages = read(`/proc/${pid}/statm`)?.split(' ')[1]
  return pages === undefined ? undefined : (Number(pages) * 4096) / 1e6
}

/** The fields after the command's name, which may itself hold spaces and brackets. */
function afterName(file: string): string | undefined {
  const text = read(file)
  return text?.slice(text.lastIndexOf(')') + 2)
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
