import { writeSync } from 'node:fs'

/** Takes finished lines; the caller does not wait for the disk or the pipe. */
export interface LineWriter {
  /** Adds one line, which ends in a newline. */
  write(line: string): void
  /** Returns when everything so far is handed to the operating system, or given up as described below. */
  flush(): void
  /** Flushes, and from then on writes each line at once. */
  close(): void
}

/** Where bytes go, and how a gap is told. */
export interface LineWriterOptions {
  /** Like `fs.writeSync`: returns the bytes taken, throws with a `code`. */
  readonly write?: (fd: number, bytes: Uint8Array) => number
  /** The line that tells how many lines were given up. */
  readonly gap: (lost: number) => string
}

const batchCharacters = 32_768
const batchMilliseconds = 50
const mostWaiting = 4 * 1024 * 1024
const patienceMilliseconds = 2_000

const sleeper = new Int32Array(new SharedArrayBuffer(4))
const sleep = (milliseconds: number): void => {
  Atomics.wait(sleeper, 0, 0, milliseconds)
}

/**
 * Gathers lines and writes them with one system call per 32 KiB or 50 ms.
 *
 * What may be lost: nothing on a return from main, `process.exit()` or an uncaught exception, since all three pass
 * through the process's `exit` event; up to the last 50 ms on SIGKILL or a crash of the machine. A reader that is
 * slow (EAGAIN) is tried again later while up to 4 MiB of lines wait; beyond that, and on exit, the writer waits for
 * it up to two seconds and then gives lines up. Lines given up (also on a full disk) are counted, and the count is
 * written once there is room. A reader that has gone (EPIPE) ends the writing.
 * @param fd an open file descriptor, 1 for standard output
 */
export function createLineWriter(fd: number, { write = writeSync, gap }: LineWriterOptions): LineWriter {
  let waiting = ''
  let rest: Uint8Array | undefined
  let timer: NodeJS.Timeout | undefined
  let lost = 0
  let gone = false
  let closed = false

  const giveUp = (): void => {
    const given = (rest === undefined ? '' : Buffer.from(rest).toString()) + waiting
    lost += given.split('\n').length - 1
    rest = undefined
    waiting = ''
  }

  /** Writes what there is. True: nothing is left. False: the reader has no room now. */
  const attempt = (): boolean => {
    while (rest !== undefined || waiting !== '') {
      if (rest === undefined) {
        rest = Buffer.from(lost === 0 ? waiting : gap(lost) + waiting)
        waiting = ''
      }
      try {
        const taken = write(fd, rest)
        rest = taken < rest.length ? rest.subarray(taken) : undefined
        lost = 0
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'EAGAIN') return false
        gone = code === 'EPIPE' || code === 'EBADF'
        giveUp()
      }
    }
    return true
  }

  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    const deadline = Date.now() + patienceMilliseconds
    while (!attempt()) {
      if (Date.now() > deadline) {
        giveUp()
        return
      }
      sleep(2)
    }
  }

  const later = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined
      if (!attempt()) later()
    }, batchMilliseconds).unref()
  }

  process.on('exit', flush)
  return {
    write(line) {
      if (gone) return
      waiting += line
      if (closed || waiting.length > mostWaiting) flush()
      else if (rest !== undefined || waiting.length <= batchCharacters || !attempt()) later()
    },
    flush,
    close() {
      flush()
      closed = true
      process.off('exit', flush)
    },
  }
}
