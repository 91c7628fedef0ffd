import type { ImplementationFn } from 'ava'
import type { Client } from '../../../kernel/testing/client.ts'
import type { TestKernel } from '../../../kernel/testing/test-kernel.ts'
import { testPlugin } from '../../../kernel/testing/test-plugin.ts'
import sites from '../plugin.ts'

/** Runs a test on a kernel of its own with just this plugin, and a user of tenant `a` who may do everything. */
export const withSites =
  (
    run: (t: Parameters<ImplementationFn<[]>>[0], user: Client, kernel: TestKernel) => Promise<void>,
  ): ImplementationFn<[]> =>
  async t => {
    await using kernel = await testPlugin(sites)
    await run(t, await kernel.as('a'), kernel)
  }
