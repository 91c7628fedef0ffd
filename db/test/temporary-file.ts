import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ExecutionContext } from 'ava'

/** The name of a database file in a folder of its own, which goes with the test. */
export function temporaryFile(t: ExecutionContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'monozu-db-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return path.join(folder, 'test.db')
}
