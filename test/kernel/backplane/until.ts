import { setTimeout as pause } from 'node:timers/promises'

const WAIT_MS = 20_000

/** Waits until something is so. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MS
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${WAIT_MS / 1000} s for: ${holds}`)
    await pause(10)
  }
}
