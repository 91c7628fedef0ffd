import type { TestFn } from 'ava'
import type { AnyPlugin } from '../../../kernel/contract.ts'
import type { Answer, Client } from '../../../kernel/testing/client.ts'
import { startTestKernel, type TestKernel, type TestKernelOptions } from '../../../kernel/testing/test-kernel.ts'
import { echoPlugin } from './echo-plugin.ts'

/** A kernel with the echo plugin, and a user of tenant a who may do everything there. */
export interface Echo {
  readonly t: TestKernel
  readonly user: Client
}

/** Starts one before the tests of a file and stops it after them. */
export function echoForAll(test: TestFn, options: TestKernelOptions = {}): () => Echo {
  let echo: Echo | undefined
  test.before(async () => {
    const t = await startTestKernel({ plugins: [echoPlugin() as unknown as AnyPlugin], ...options })
    echo = { t, user: await t.as('a') }
  })
  test.after.always(() => echo?.t[Symbol.asyncDispose]())
  return () => {
    if (!echo) throw new Error('the kernel did not start')
    return echo
  }
}

/** Status and error code of a problem answer. */
export const refusal = ({ status, body }: Answer): string => `${status} ${body?.error ?? ''}`.trim()
