import type { TestFn } from 'ava'
import type { AnyPlugin } from '../contract.ts'
import { accessChecks } from './conformance/access-checks.ts'
import { channelChecks } from './conformance/channel-checks.ts'
import { descriptorChecks } from './conformance/descriptor-checks.ts'
import { featureChecks } from './conformance/feature-checks.ts'
import { guestChecks, type MakeGuest } from './conformance/guest-checks.ts'
import { inputChecks } from './conformance/input-checks.ts'
import { isolationChecks } from './conformance/isolation-checks.ts'
import { migrationChecks } from './conformance/migration-checks.ts'
import type { Subject } from './conformance/subject.ts'
import { startTestKernel, type TestKernel } from './test-kernel.ts'

/** What the conformance tests work on. */
export interface ConformanceOptions {
  /** Every plugin that has to be there, with stand-ins for what is used; default: those that come with the product. */
  readonly plugins?: readonly AnyPlugin[]
  /** Settings of plugins and of the kernel. */
  readonly env?: Readonly<Record<string, string>>
  /** Makes records of tenant a that the demos lack, such as a job, so that there is something to protect. */
  readonly fill?: (t: TestKernel) => Promise<unknown>
  /**
   * Makes a guest of a tenant, such as a device, and returns its credential: to see that routes for guests keep tenants
   * apart, and close with the feature of the plugin.
   */
  readonly guest?: MakeGuest
  /** Path of the README that has to name the plugin's routes and permissions; undefined: it has none. */
  readonly readme?: (plugin: string) => string | undefined
}

/**
 * Registers the tests that every plugin has to pass: its routes refuse without a token, without their permission and
 * without the feature; they refuse bad input; no route shows or changes anything of another tenant; its migrations
 * apply; it is documented.
 * @param test AVA's `test`
 * @param names the plugins to test, of those that are there
 * @example
 * conformance(test, ['assets'], { plugins: [assets, ...fakes], readme: () => 'plugins/assets/README.md' })
 */
export function conformance(test: TestFn, names: readonly string[], options: ConformanceOptions = {}): void {
  const { plugins, env, fill, readme, guest = noGuest } = options
  const start = (): Promise<TestKernel> => startTestKernel({ ...(plugins ? { plugins } : {}), ...(env ? { env } : {}) })
  const [calm, switched] = [once(test, start), once(test, start)]
  const filled = once(test, async () => {
    const kernel = await start()
    for (const tenant of ['a', 'b'] as const) await kernel.fillDemo(tenant)
    await fill?.(kernel)
    await kernel.settled()
    await kernel.as('a')
    return kernel
  })
  for (const name of names) {
    const subject: Subject = { test, name, calm, filled, switched, readme: readme?.(name) }
    descriptorChecks(subject)
    accessChecks(subject)
    guestChecks(subject, guest)
    channelChecks(subject)
    inputChecks(subject)
    isolationChecks(subject)
    featureChecks(subject)
  }
  migrationChecks(test, names, { plugins, env })
}

/** Starts a kernel when the first test asks for it; all share it, and it goes after the last one. */
function once(test: TestFn, start: () => Promise<TestKernel>): () => Promise<TestKernel> {
  let started: Promise<TestKernel> | undefined
  test.after.always(async () => (await started?.catch(() => undefined))?.[Symbol.asyncDispose]())
  return () => (started ??= start())
}

const noGuest: MakeGuest = async (_t, _tenant, ref) => {
  throw new Error(`conformance: say in "guest" how to make a guest that ${ref.id} knows`)
}
