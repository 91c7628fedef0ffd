/**
 * A check that runs once at a time: whoever asks while it runs waits for the same run, so that probes do not pile up
 * behind a database that hangs. After `timeoutMs` the answer is false, and the run goes on.
 * @param check resolves when all is well
 */
export function oneAtATime(check: () => Promise<unknown>, timeoutMs: number): () => Promise<boolean> {
  let running: Promise<boolean> | undefined
  return async () => {
    running ??= check()
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        running = undefined
      })
    const late = Promise.withResolvers<boolean>()
    const timer = setTimeout(late.resolve, timeoutMs, false)
    try {
      return await Promise.race([running, late.promise])
    } finally {
      clearTimeout(timer)
    }
  }
}
