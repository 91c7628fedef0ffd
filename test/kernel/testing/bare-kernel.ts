import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { loadConfig } from '../../../config/load.ts'
import { Passwords } from '../../../kernel/access/passwords.ts'
import { createKernel, type Kernel, type KernelOptions } from '../../../kernel/kernel.ts'
import { testJobTiming } from '../../../kernel/testing/job-timing.ts'
import { kernelDatabase } from '../../../kernel/testing/test-database.ts'
import { capturedLog } from './captured-log.ts'

interface BareOptions extends Partial<KernelOptions> {
  /** Settings beside those of every test. */
  readonly settings?: Readonly<Record<string, string>>
  /** Keep the database in this folder instead of in memory. */
  readonly folder?: string
}

/** A kernel that was made and not started; whoever starts it stops it. */
export async function bareKernel(t: ExecutionContext, options: BareOptions = {}): Promise<Kernel> {
  const { settings, folder, ...parts } = options
  const env = { NODE_ENV: 'test', DATA_DIR: folder ?? temporaryFolder(t), SHUTDOWN_TIMEOUT_SECONDS: '5', ...settings }
  const config = loadConfig(env)
  return createKernel({
    config,
    env,
    logging: capturedLog().logging,
    version: '0.0.0-test',
    passwords: new Passwords({ cost: 4 }),
    jobTiming: testJobTiming,
    ...(folder === undefined ? { database: await kernelDatabase() } : {}),
    ...parts,
  })
}

/** A folder that goes with the test. */
export function temporaryFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'monozu-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
